"""Signing in through another provider of identities 省统一身份认证: what it vouches for, and what follows.

Pure: who has the subject and who has the number is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from services.identity.domain.accounts import Account
from services.identity.domain.real_name import NUMBER_LEVEL

FLOW_LIVES = timedelta(minutes=10)
TICKET_LIVES = timedelta(minutes=15)

Move = Literal["sign_in", "link", "open", "sign_in_locally"]


class UpstreamRefused(Exception):
    """Nobody is signed in. ``reason`` is one of `services.identity.upstream_problems.REFUSALS`."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class UpstreamAway(Exception):
    """The provider does not answer, or not as a provider does; the text says why, for logs."""


class Overtaken(Exception):
    """Somebody did the same a moment earlier: look again."""


class UnknownUpstream(LookupError):
    """No provider of this name is set up."""


class UnknownLink(LookupError):
    """No such link of this account."""


class LastWayIn(Exception):
    """Without this link its holder could not sign in any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Whom a provider vouches for. A number is there only where it was verified (level 2 and more)."""

    upstream: str
    issuer: str
    subject: str
    name: str
    id_number: str | None
    level: int


@dataclass(kw_only=True, eq=False)
class UpstreamFlow:
    """A sign-in under way, by the hash of its state; bound to one browser, used once."""

    key: str
    upstream: str
    browser: str
    nonce: str
    verifier: str
    fresh: bool
    begun_at: datetime

    def is_open(self, now: datetime) -> bool:
        return now < self.begun_at + FLOW_LIVES


@dataclass(kw_only=True, eq=False)
class LinkTicket:
    """Whom a provider vouches for until the same person has signed in here too; used once."""

    key: str
    upstream: str
    vouched: dict[str, Any]
    made_at: datetime

    def is_open(self, now: datetime) -> bool:
        return now < self.made_at + TICKET_LIVES


@dataclass(kw_only=True, eq=False)
class UpstreamLink:
    """A provider's subject is this account, one to one."""

    link_id: str
    upstream: str
    issuer: str
    subject: str
    subject_index: str
    account_id: str
    linked_at: datetime
    used_at: datetime


def decide(vouched: Vouched, linked: Account | None, holder: Account | None, taken: bool) -> Move:
    """What follows. ``linked`` has this subject, ``holder`` this number; ``taken``: the holder has another
    subject of the same provider. Raises `UpstreamRefused`."""
    if linked is not None:
        check_linkable(linked)
        if _is_somebody_else(vouched, linked):
            raise UpstreamRefused("number_differs")
        return "sign_in"
    if holder is None:
        return "open"
    check_linkable(holder)
    if taken:
        raise UpstreamRefused("other_subject")
    proven = holder.level >= NUMBER_LEVEL and holder.display_name == vouched.name
    return "link" if proven else "sign_in_locally"


def check_linkable(account: Account) -> None:
    """Staff have a second factor of their own that must hold; firms and machines are no persons."""
    if account.kind == "staff":
        raise UpstreamRefused("staff")
    if account.kind != "person":
        raise UpstreamRefused("not_a_person")
    if account.suspended_at is not None:
        raise UpstreamRefused("suspended")


def check_own(vouched: Vouched, account: Account) -> None:
    """Whether somebody who has signed in here may say that both are the same person: only of the account that
    has the number, so that nobody at the same computer gets it."""
    check_linkable(account)
    if account.id_number is None or account.id_number != vouched.id_number:
        raise UpstreamRefused("number_differs")


def _is_somebody_else(vouched: Vouched, account: Account) -> bool:
    shown = account.level >= NUMBER_LEVEL and account.id_number is not None
    return shown and vouched.id_number is not None and vouched.id_number != account.id_number
