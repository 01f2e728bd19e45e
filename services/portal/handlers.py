"""What visitors do that the portal itself keeps: drafts and the renewal of their session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from chassis import wake
from chassis.live import RESUME_SPAN
from chassis.uow import UnitOfWork
from contracts import Event
from contracts.cloudevents import Envelope
from contracts.dashboard import FiguresChanged
from contracts.intake import ApplicationStatusChanged
from contracts.notification import MessagesRead, MessageWritten
from services.portal.orm import Draft, PageChange, Renewal

DRAFT_KEPT = timedelta(days=90)
RENEWAL_KEPT = timedelta(days=2)
RENEWAL_STUCK = timedelta(seconds=15)
DRAFT_EXPIRES = "portal.draft_expires"
FORGET_EVERY = 1000


class DraftGone(LookupError):
    """No such draft, or somebody else's."""


def begin(draft_id: str, account_id: str, procedure: str, uow: UnitOfWork) -> str:
    """Open a draft, or take up the account's unfinished one of the same procedure."""
    open_one = uow.session.scalars(
        select(Draft)
        .where(
            Draft.account_id == account_id,
            Draft.procedure == procedure,
            Draft.application_no.is_(None),
        )
        .order_by(Draft.saved_at.desc())
    ).first()
    if open_one:
        return open_one.draft_id
    uow.session.add(
        Draft(
            draft_id=draft_id,
            account_id=account_id,
            procedure=procedure,
            answers={},
            revision=1,
            saved_at=uow.now,
        )
    )
    uow.schedule(DRAFT_EXPIRES, draft_id, uow.now + DRAFT_KEPT)
    return draft_id


def save(draft_id: str, account_id: str, answers: Mapping[str, Any], uow: UnitOfWork) -> Draft:
    """Keep these answers. Raises `DraftGone`; a filed draft is left as it is."""
    draft = _locked(draft_id, account_id, uow)
    if draft.application_no is None and draft.answers != answers:
        draft.answers = dict(answers)
        draft.revision += 1
    if draft.application_no is None:
        draft.saved_at = uow.now
        uow.schedule(DRAFT_EXPIRES, draft_id, uow.now + DRAFT_KEPT)
    return draft


def filed(draft_id: str, account_id: str, receipt: Mapping[str, Any], uow: UnitOfWork) -> None:
    """The draft became a case: its answers are intake's now, only the receipt stays."""
    draft = _locked(draft_id, account_id, uow)
    draft.application_no = receipt["application_no"]
    draft.receipt = dict(receipt)
    draft.answers = {}


def discard(draft_id: str, account_id: str, uow: UnitOfWork) -> None:
    draft = _locked(draft_id, account_id, uow)
    uow.session.delete(draft)
    uow.unschedule(DRAFT_EXPIRES, draft_id)


def forget(draft_ids: list[str], uow: UnitOfWork) -> None:
    """Drafts nobody touched for 90 days, and receipts of that age, are deleted."""
    uow.session.execute(delete(Draft).where(Draft.draft_id.in_(draft_ids)))


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
    positions = uow.session.scalars(
        insert(PageChange).returning(PageChange.position), [{"topic": topic} for topic in topics]
    ).all()
    if max(positions) % FORGET_EVERY < len(topics):
        uow.session.execute(delete(PageChange).where(PageChange.position < max(positions) - RESUME_SPAN))
    uow.wake_up(wake.LOGGED)


def draft_of(draft_id: str, account_id: str, session: Session) -> Draft:
    """Raises `DraftGone`."""
    draft = session.get(Draft, draft_id)
    if draft is None or draft.account_id != account_id:
        raise DraftGone(draft_id)
    return draft


def drafts_of(account_id: str, session: Session) -> list[Draft]:
    """Unfinished drafts, newest first."""
    return list(
        session.scalars(
            select(Draft)
            .where(Draft.account_id == account_id, Draft.application_no.is_(None))
            .order_by(Draft.saved_at.desc())
        )
    )


def receipt_of(application_no: str, account_id: str, session: Session) -> dict[str, Any] | None:
    draft = session.scalars(
        select(Draft).where(Draft.application_no == application_no, Draft.account_id == account_id)
    ).first()
    return draft.receipt if draft else None


def _locked(draft_id: str, account_id: str, uow: UnitOfWork) -> Draft:
    draft = uow.lock(Draft, [draft_id]).get(draft_id)
    if draft is None or draft.account_id != account_id:
        raise DraftGone(draft_id)
    return draft


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
