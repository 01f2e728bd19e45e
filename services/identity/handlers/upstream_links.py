"""One's own links to other providers: shown, made by a ticket, ended."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.uow import UnitOfWork
from contracts.identity import SecurityChanged
from services.identity.domain.upstreams import (
    LastWayIn,
    UnknownLink,
    UpstreamLink,
    Vouched,
    check_own,
)
from services.identity.handlers.accounts import locked
from services.identity.handlers.audit import write_down
from services.identity.handlers.upstreams import confirm_own, take_ticket
from services.identity.orm import upstream_link


def links_of(account_id: str, session: Session) -> list[dict[str, Any]]:
    """The oldest first."""
    t = upstream_link.c
    columns = (t.link_id, t.upstream, t.linked_at, t.used_at)
    rows = session.execute(
        select(*columns).where(t.account_id == account_id).order_by(t.linked_at, t.link_id)
    )
    return [dict(row._mapping) for row in rows]


def link_by_ticket(account_id: str, ticket: str, uow: UnitOfWork) -> Vouched:
    """Link whom the ticket speaks of to the account its holder has signed in to. Raises `UpstreamRefused`."""
    vouched = take_ticket(ticket, uow)
    account = locked(account_id, uow)
    check_own(vouched, account)
    confirm_own(vouched, account, uow)
    return vouched


def unlink(account_id: str, link_id: str, uow: UnitOfWork) -> None:
    """End it; the holder is told. Raises `UnknownLink`, `LastWayIn` without a password to sign in by."""
    account = locked(account_id, uow)
    link = uow.lock(UpstreamLink, [link_id]).get(link_id)
    if link is None or link.account_id != account_id:
        raise UnknownLink(link_id)
    if not account.has_password:
        raise LastWayIn(link_id)
    uow.session.delete(link)
    write_down(account_id, "upstream:unlink", [account_id], uow)
    uow.emit(SecurityChanged(account_id=account_id, change="upstream_unlinked"))
