"""Firms and who may act for them: founded, invited, accepted, ended. What is refused is written down too."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from uuid import uuid4

from sqlalchemy import select

from chassis.uow import UnitOfWork
from services.identity.domain import Account, InvalidAccount, is_name
from services.identity.domain.firms import (
    AGENT_LEVEL,
    INVITATION_LIVES,
    Agency,
    Invitation,
    LastAdministrator,
    NotInvited,
    UnknownAgency,
    administrator,
    check_invitation,
)
from services.identity.domain.real_name import LevelNeeded
from services.identity.handlers.accounts import locked, open_account
from services.identity.handlers.audit import write_down
from services.identity.numbers import blind_index, normalised
from services.identity.orm import agency as agency_table
from services.identity.orm import invitation as invitation_table

FOUNDED_LEVEL = 2
NO_PASSWORD = "-"
"""No password has this hash: nobody signs in as such a firm, its administrators act for it."""
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 10


def found(credit_code: str, name: str, representative_account_id: str, uow: UnitOfWork) -> Account:
    """The firm's account, opened when it has none yet, with its legal representative as administrator.

    Doing it again changes nothing. Raises `InvalidAccount` for a credit code or name that can't be,
    `UnknownAccount` when the representative has no account.
    """
    locked(representative_account_id, uow)
    code = normalised(credit_code)
    firm = _by_credit_code(code, uow)
    if firm is None:
        try:
            firm = open_account(
                login=code.lower(),
                password_hash=NO_PASSWORD,
                kind="firm",
                display_name=name,
                credit_code=code,
                level=FOUNDED_LEVEL,
                uow=uow,
            )
        except InvalidAccount as invalid:  # perhaps somebody was faster by a moment
            firm = _by_credit_code(code, uow)
            if firm is None:
                raise invalid from None
        write_down(representative_account_id, "found_firm", [firm.account_id], uow)
    make_administrator(firm.account_id, representative_account_id, representative_account_id, uow)
    return firm


def make_administrator(firm: str, person: str, by: str | None, uow: UnitOfWork) -> None:
    """Let a person administer a firm; somebody who does already stays as they are. Without ``by`` it is
    nobody's act (sample data) and isn't written down."""
    locked(firm, uow)
    if any(a.role == "administrator" for a in current(firm, uow, agent=person)):
        return
    _grant(administrator(uuid4().hex, firm, person, by or person, uow.now), by, uow)


def invite(
    firm: str, name: str, items: Iterable[str], until: datetime, by: str, uow: UnitOfWork
) -> tuple[Invitation, str]:
    """Offer a person of this name to act for the firm; the invitation and its code, which is shown this once.

    Raises `InvalidAccount` naming every wrong field.
    """
    items = sorted(set(items))
    wrong = check_invitation(items, until, uow.now)
    if not is_name(name):
        wrong["name"] = "name"
    if wrong:
        raise InvalidAccount(wrong)
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    made = Invitation(
        invitation_id=uuid4().hex,
        firm=firm,
        name=name.strip(),
        items=items,
        until=until,
        code_hash=_hash(code, uow),
        invited_by=by,
        invited_at=uow.now,
        expires_at=uow.now + INVITATION_LIVES,
    )
    uow.session.add(made)
    write_down(by, "invite_agent", [firm], uow)
    return made, code


def withdraw(firm: str, invitation_id: str, by: str, uow: UnitOfWork) -> None:
    """Take an open invitation back. Raises `UnknownAgency`, `IllegalMove`."""
    found = uow.lock(Invitation, [invitation_id]).get(invitation_id)
    if found is None or found.firm != firm:
        raise UnknownAgency(invitation_id)
    found.withdraw(uow.now)
    write_down(by, "withdraw_invitation", [firm], uow)


def look_up(code: str, person: str, uow: UnitOfWork) -> Invitation:
    """The invitation of this code, for the person it names. Raises `LevelNeeded`, `NotInvited`,
    `OwnInvitation`; its state may be any."""
    account = locked(person, uow)
    if account.level < AGENT_LEVEL:
        raise LevelNeeded(AGENT_LEVEL, account.level)
    invitation_id = uow.session.scalar(
        select(invitation_table.c.invitation_id).where(invitation_table.c.code_hash == _hash(code, uow))
    )
    if invitation_id is None:
        raise NotInvited(person)
    found = uow.lock(Invitation, [invitation_id])[invitation_id]
    found.is_for(person, account.display_name)
    return found


def accept(code: str, person: str, uow: UnitOfWork) -> Agency:
    """Take the invitation up: from now on the person acts for the firm. Raises like `look_up`, and
    `IllegalMove` for an invitation that is over."""
    found = look_up(code, person, uow)
    made = found.accept(uuid4().hex, person, uow.now)
    _grant(made, person, uow)
    return made


def decline(code: str, person: str, uow: UnitOfWork) -> Invitation:
    """Say no. Raises like `accept`."""
    found = look_up(code, person, uow)
    found.decline(uow.now)
    write_down(person, "decline_invitation", [found.firm], uow)
    return found


def revoke(firm: str, agency_id: str, by: str, uow: UnitOfWork) -> Agency:
    """The firm takes an agency back. Raises `UnknownAgency`, `IllegalMove`, `LastAdministrator`."""
    locked(firm, uow)
    found = uow.lock(Agency, [agency_id]).get(agency_id)
    if found is None or found.firm != firm:
        raise UnknownAgency(agency_id)
    _leaves_somebody(found, uow)
    uow.emit(found.revoke(by, uow.now))
    write_down(by, "revoke_agency", [firm, found.agent], uow)
    return found


def renounce(agency_id: str, person: str, uow: UnitOfWork) -> Agency:
    """The agent gives it up. Raises like `revoke`."""
    firm = uow.session.scalar(select(agency_table.c.firm).where(agency_table.c.agency_id == agency_id))
    if firm is not None:
        locked(firm, uow)
    found = uow.lock(Agency, [agency_id]).get(agency_id)
    if found is None or found.agent != person:
        raise UnknownAgency(agency_id)
    _leaves_somebody(found, uow)
    uow.emit(found.renounce(uow.now))
    write_down(person, "renounce_agency", [found.firm, person], uow)
    return found


def current(firm: str, uow: UnitOfWork, agent: str | None = None) -> list[Agency]:
    """Those agencies of a firm (and an agent) that count now."""
    query = select(Agency).where(agency_table.c.firm == firm)
    if agent is not None:
        query = query.where(agency_table.c.agent == agent)
    return [a for a in uow.session.scalars(query) if a.state(uow.now) == "current"]


def _grant(made: Agency, by: str | None, uow: UnitOfWork) -> None:
    uow.session.add(made)
    uow.emit(made.granted())
    if by is not None:
        write_down(by, "grant_agency", [made.firm, made.agent], uow)


def _leaves_somebody(going: Agency, uow: UnitOfWork) -> None:
    """A firm that signs in by itself needs no administrator; any other keeps one."""
    if going.role != "administrator":
        return
    firm = uow.session.get_one(Account, going.firm)
    others = [a for a in current(going.firm, uow) if a.role == "administrator" and a is not going]
    if firm.password_hash == NO_PASSWORD and not others:
        raise LastAdministrator(going.firm)


def _by_credit_code(code: str, uow: UnitOfWork) -> Account | None:
    return uow.session.scalars(select(Account).where(Account.credit_code == code)).one_or_none()  # type: ignore[arg-type]


def _hash(code: str, uow: UnitOfWork) -> str:
    plain = "".join(c for c in normalised(code) if c in ALPHABET)
    return blind_index(uow.master_key, f"invitation {plain}")
