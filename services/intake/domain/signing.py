"""Co-signing 多方签署: everybody concerned signs the same frozen version before it is filed.

A round gathers signatures for one version. It ends when all have signed, when one objects, when the version
is no longer what the draft says, when the applicant takes it back, and when its time is over.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from contracts.procedure import Procedure, SignerSpec

Outcome = Literal["filed", "objected", "changed", "withdrawn", "expired"]
SignerState = Literal["invited", "signed", "objected"]

LASTS = timedelta(days=7)
MOST_INVITATIONS = 3
LEVEL = 2
"""The real-name level it takes to sign: number and name checked."""


class UnknownSigning(LookupError):
    """No such invitation, or no such round."""


class SigningOver(Exception):
    """The round has ended; ``outcome`` says how."""

    def __init__(self, outcome: str):
        super().__init__(outcome)
        self.outcome = outcome


class AlreadyAnswered(Exception):
    """This person has signed or objected already."""

    def __init__(self, state: str):
        super().__init__(state)
        self.state = state


class SignaturesNeeded(Exception):
    """It can't be filed before everybody has signed. ``roles`` are the roles of those concerned."""

    def __init__(self, roles: tuple[str, ...]):
        super().__init__(", ".join(roles))
        self.roles = roles


class NotTheSigner(Exception):
    """The caller is somebody else than who was invited, or has not been checked well enough."""

    def __init__(self, reason: Literal["other_person", "level"]):
        super().__init__(reason)
        self.reason = reason


class NoSigners(Exception):
    """Nobody has to sign this."""


class TooManyInvitations(Exception):
    """The link has been sent again and again."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has to sign, in one or several roles."""

    name: str
    id_number: str
    roles: tuple[str, ...]


def signers_of(procedure: Procedure, form: Mapping[str, Any]) -> list[Person]:
    """Whom this form names as signers, each once, in the order of the form."""
    found: dict[str, Person] = {}
    for spec in procedure.signers:
        for row in _rows(spec, form):
            name, number = row.get(spec.named_by), row.get(spec.numbered_by)
            if not (isinstance(name, str) and name and isinstance(number, str) and number):
                continue
            before = found.get(number)
            roles = (*before.roles, spec.role) if before else (spec.role,)
            found[number] = Person(name, number, tuple(dict.fromkeys(roles)))
    return list(found.values())


def _rows(spec: SignerSpec, form: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    if spec.rows is None:
        return (form,)
    rows = form.get(spec.rows)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else ()


def frozen(version: int, form: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """What is signed, in one figure: the item's version, every answer, every file by its content."""
    content = {"version": version, "form": form, "files": files}
    written = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(written.encode()).hexdigest()


@dataclass(kw_only=True, eq=False)
class Signer:
    """``token_index`` finds who comes by the link; ``token`` makes the link when it is sent."""

    signer_id: str
    round_id: str
    position: int
    roles: list[str]
    name: str
    id_number: str
    phone: str | None
    token: str | None
    token_index: str | None
    invitations: int
    state: SignerState = "invited"
    account_id: str | None = None
    level: int | None = None
    answered_at: datetime | None = None
    reason: str | None = None


@dataclass(kw_only=True, eq=False)
class SigningRound:
    """One version going round. ``kind`` and ``filed_by`` are what it will be filed with."""

    round_id: str
    draft_id: str
    applicant: str
    kind: str
    filed_by: str | None
    procedure: str
    version: int
    digest: str
    started_at: datetime
    expires_at: datetime
    outcome: Outcome | None = None
    ended_at: datetime | None = None
    application_no: str | None = None
    signers: list[Signer] = field(default_factory=list)

    def signer(self, signer_id: str) -> Signer:
        """Raises `UnknownSigning`."""
        for found in self.signers:
            if found.signer_id == signer_id:
                return found
        raise UnknownSigning(signer_id)

    def sign(self, signer_id: str, account_id: str, level: int, now: datetime) -> bool:
        """Keep a signature; whether it was the last one. Raises `SigningOver`, `AlreadyAnswered`."""
        self._answer(signer_id, "signed", account_id, level, now)
        return all(s.state == "signed" for s in self.signers)

    def object(self, signer_id: str, account_id: str, level: int, reason: str, now: datetime) -> None:
        """Somebody doesn't agree: the round is over. Raises `SigningOver`, `AlreadyAnswered`."""
        self._answer(signer_id, "objected", account_id, level, now).reason = reason
        self.end("objected", now)

    def invite_again(self, signer_id: str, token: str, token_index: str) -> Signer:
        """Another link; the one before leads nowhere. Raises `SigningOver`, `AlreadyAnswered`,
        `TooManyInvitations`."""
        self.must_run()
        found = self.signer(signer_id)
        if found.state != "invited":
            raise AlreadyAnswered(found.state)
        if found.invitations >= MOST_INVITATIONS or found.phone is None:
            raise TooManyInvitations(signer_id)
        found.token, found.token_index = token, token_index
        found.invitations += 1
        return found

    def end(self, outcome: Outcome, now: datetime, application_no: str | None = None) -> None:
        """Raises `SigningOver` when it has ended before."""
        self.must_run()
        self.outcome, self.ended_at, self.application_no = outcome, now, application_no
        for signer in self.signers:
            signer.token = None

    def must_run(self) -> None:
        """Raises `SigningOver`."""
        if self.outcome is not None:
            raise SigningOver(self.outcome)

    @property
    def signed_by(self) -> tuple[str, ...]:
        """Accounts that have signed."""
        return tuple(s.account_id for s in self.signers if s.state == "signed" and s.account_id)

    def _answer(
        self, signer_id: str, state: SignerState, account_id: str, level: int, now: datetime
    ) -> Signer:
        self.must_run()
        found = self.signer(signer_id)
        if found.state != "invited":
            raise AlreadyAnswered(found.state)
        found.state, found.account_id, found.level, found.answered_at = state, account_id, level, now
        return found


def all_roles(people: Collection[Person]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(role for person in people for role in person.roles))
