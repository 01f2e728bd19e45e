"""What identity keeps of an account besides the account: how each kind is copied, and how it is erased."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, delete, or_, select
from sqlalchemy.orm import Session as DatabaseSession

from chassis.uow import UnitOfWork
from services.identity.domain.firms import Agency
from services.identity.orm import (
    agency,
    audit,
    certificate,
    certificate_consent,
    challenge,
    code,
    consent,
    enrolment,
    grant,
    invitation,
    phone_check,
    recovery_code,
    second_factor,
    session,
    sign_in,
    upstream_link,
)
from services.identity.orm.space import certificate_ending

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of thing kept of an account; without ``erase`` the law keeps it."""

    name: str
    copied: Callable[[str, DatabaseSession], Rows]
    erase: Callable[[str, UnitOfWork], None] | None = None


def _copied(table: Table, whose: str, *names: str) -> Callable[[str, DatabaseSession], Rows]:
    """These columns of the rows that are the account's, oldest first by the first of them."""
    columns = [table.c[name] for name in names]

    def copied(account_id: str, reading: DatabaseSession) -> Rows:
        mine = select(*columns).where(table.c[whose] == account_id).order_by(columns[0])
        return [dict(row._mapping) for row in reading.execute(mine)]

    return copied


def _agencies(account_id: str, reading: DatabaseSession) -> Rows:
    t = agency.c
    columns = [t[name] for name in ("firm", "agent", "role", "items", "until", "granted_at", "ended_at")]
    mine = select(*columns).where(or_(t.firm == account_id, t.agent == account_id)).order_by(t.granted_at)
    return [dict(row._mapping) for row in reading.execute(mine)]


def _erase_rows(*tables: tuple[Table, str]) -> Callable[[str, UnitOfWork], None]:
    def erase(account_id: str, uow: UnitOfWork) -> None:
        for table, whose in tables:
            uow.session.execute(delete(table).where(table.c[whose] == account_id))

    return erase


def _end_agencies(account_id: str, uow: UnitOfWork) -> None:
    """Whom the account acts for and who acts for it: nobody from now on. Invitations name people."""
    t = agency.c
    mine = select(t.agency_id).where(or_(t.firm == account_id, t.agent == account_id), t.ended_at.is_(None))
    for found in uow.lock(Agency, uow.session.scalars(mine)).values():
        if found.state(uow.now) == "current":
            uow.emit(found.revoke(account_id, uow.now))
    uow.session.execute(delete(invitation).where(invitation.c.firm == account_id))


PARTS = (
    Part(
        "sessions",
        _copied(session, "account_id", "started_at", "renewed_at", "ended_at"),
        _erase_rows((session, "account_id"), (grant, "account_id"), (code, "account_id")),
    ),
    Part("readings", _copied(audit, "subject", "at", "act", "actor")),
    Part("sign_ins", _copied(sign_in, "account_id", "at", "outcome", "device", "address")),
    Part(
        "second_factors",
        _copied(second_factor, "account_id", "since"),
        _erase_rows(
            (recovery_code, "account_id"),
            (challenge, "account_id"),
            (enrolment, "account_id"),
            (second_factor, "account_id"),
            (phone_check, "account_id"),
        ),
    ),
    Part("agencies", _agencies, _end_agencies),
    Part(
        "certificates",
        _copied(
            certificate,
            "holder",
            "issued_at",
            "kind",
            "title",
            "number",
            "issuer",
            "state",
            "valid_until",
            "contents",
        ),
        _erase_rows((certificate, "holder"), (certificate_ending, "holder"), (certificate_consent, "holder")),
    ),
    Part(
        "systems",
        _copied(consent, "account_id", "given_at", "client_id", "scopes"),
        _erase_rows((consent, "account_id")),
    ),
    Part(
        "upstream_links",
        _copied(upstream_link, "account_id", "linked_at", "upstream", "used_at"),
        _erase_rows((upstream_link, "account_id")),
    ),
)
