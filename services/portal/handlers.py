"""What visitors do that the portal itself keeps: the renewal of their session, and answers beyond its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Table, delete, select
from sqlalchemy.orm import Session

from chassis import wake
from chassis.live import RESUME_SPAN
from chassis.uow import UnitOfWork
from contracts import Event
from contracts.cloudevents import Envelope
from contracts.dashboard import FiguresChanged
from contracts.identity import AccountClosed
from contracts.intake import ApplicationStatusChanged
from contracts.notification import MessagesRead, MessageWritten
from services.portal.orm import KeptAnswers, PageChange, Renewal

ANSWERS_KEPT = timedelta(days=1)
RENEWAL_KEPT = timedelta(days=2)
RENEWAL_STUCK = timedelta(seconds=15)
FORGET_EVERY = 1000


def keep_answers(account_id: str, path: str, typed: Iterable[tuple[str, str]], uow: UnitOfWork) -> None:
    """Keep what was sent after the session had ended, for the account's next sign-in. Old ones go."""
    uow.session.execute(delete(KeptAnswers).where(KeptAnswers.kept_at < uow.now - ANSWERS_KEPT))
    values = {
        "account_id": account_id,
        "path": path,
        "typed": [list(pair) for pair in typed],
        "kept_at": uow.now,
    }
    statement = uow.insert(KeptAnswers.__table__).values(values)
    uow.session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "path"],
            set_={name: statement.excluded[name] for name in ("typed", "kept_at")},
        )
    )


def kept_answers(account_id: str, path: str, session: Session) -> list[tuple[str, str]] | None:
    """What is kept for this page, as (name, value) pairs."""
    found = session.get(KeptAnswers, (account_id, path))
    return [(name, value) for name, value in found.typed] if found else None


def drop_answers(account_id: str, path: str, uow: UnitOfWork) -> None:
    uow.session.execute(
        delete(KeptAnswers).where(KeptAnswers.account_id == account_id, KeptAnswers.path == path)
    )


def forget(events: Iterable[Envelope], uow: UnitOfWork) -> None:
    """Accounts were closed: what they had typed goes, and the tokens their sessions were renewed with."""
    gone = {e.event.account_id for e in events if isinstance(e.event, AccountClosed)}
    uow.session.execute(delete(KeptAnswers).where(KeptAnswers.account_id.in_(sorted(gone))))
    for renewal in uow.session.scalars(select(Renewal).execution_options(yield_per=200)):
        if renewal.tokens and renewal.tokens.get("account", {}).get("account_id") in gone:
            uow.session.delete(renewal)


def claim_renewal(token_hash: str, uow: UnitOfWork) -> bool:
    """True for the one caller who shall exchange this refresh token; old renewals are forgotten."""
    uow.session.execute(delete(Renewal).where(Renewal.started_at < uow.now - RENEWAL_KEPT))
    row = uow.lock(Renewal, [token_hash]).get(token_hash)
    if row is not None:
        if row.tokens is None and row.started_at < uow.now - RENEWAL_STUCK:
            row.started_at = uow.now
            return True
        return False
    inserted = uow.session.execute(
        uow.insert(Renewal.__table__)
        .values(token_hash=token_hash, started_at=uow.now, tokens=None)
        .on_conflict_do_nothing()
        .returning(Renewal.token_hash)
    )
    return inserted.first() is not None


def settle_renewal(token_hash: str, tokens: Mapping[str, Any] | None, uow: UnitOfWork) -> None:
    """Keep the outcome: tokens, ``{}`` for refused, None to let the next request try again."""
    row = uow.lock(Renewal, [token_hash])[token_hash]
    if tokens is None:
        uow.session.delete(row)
    else:
        row.tokens = dict(tokens)


def mark_pages(events: Iterable[Envelope], uow: UnitOfWork) -> None:
    """Say which open pages a batch of events has made old: each page once."""
    topics: set[str] = set()
    for envelope in events:
        if envelope.case:
            topics.add(f"case:{envelope.case}")
        topics |= {f"department:{department}" for department in _departments(envelope)}
        topics |= {f"account:{account}" for account in _accounts(envelope.event)}
        if isinstance(envelope.event, FiguresChanged):
            topics.add("figures")
    if topics:
        page_changes(sorted(topics), uow)


def page_changes(topics: Sequence[str], uow: UnitOfWork) -> None:
    """Write down pages as changed and tell those who have them open; what is too old to resume from goes."""
    uow.one_by_one("page_change")
    rows = [{"topic": topic} for topic in topics]
    positions = uow.insert_rows(cast(Table, PageChange.__table__), rows, _telling_positions).scalars().all()
    if max(positions) % FORGET_EVERY < len(topics):
        uow.session.execute(delete(PageChange).where(PageChange.position < max(positions) - RESUME_SPAN))
    uow.wake_up(wake.LOGGED)


def _telling_positions(statement: Any) -> Any:
    return statement.returning(PageChange.position)


def _accounts(event: Event) -> set[str]:
    """Whose space shows it."""
    match event:
        case MessageWritten() | MessagesRead():
            return {event.account}
        case ApplicationStatusChanged():
            return {event.applicant}
    return set()


def _departments(envelope: Envelope) -> set[str]:
    found = {envelope.department} if envelope.department else set()
    event = envelope.event
    branch = getattr(event, "branch", None)
    if branch is not None:
        found.add(branch.department)
    branches = getattr(event, "branches", ())
    if isinstance(branches, tuple):
        found |= {b.department for b in branches if hasattr(b, "department")}
    return {d for d in found if d}
