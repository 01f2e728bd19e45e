"""What events become: wishes, one row for each recipient and channel. Nothing is sent from here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import case, delete, select, update
from uuid_utils import uuid7

from chassis import agencies, metrics, wake
from chassis.bulk import among, ignoring_known
from chassis.uow import NotYet, UnitOfWork
from contracts import Event, approval, catalog, identity, intake
from contracts.cloudevents import Envelope
from contracts.notification import MessagesRead, MessageWritten
from services.notification.domain import CATEGORIES, MAIL_AGE, To, Wish, wishes
from services.notification.hooks import domain as hooks
from services.notification.hooks import handlers as hook_handlers
from services.notification.orm import application, colleague, message, preference, sandbox, title

TOLD: tuple[type[Event], ...] = (
    catalog.ProcedurePublished,
    catalog.DepartmentPublished,
    identity.AccountOpened,
    identity.StaffChanged,
    identity.SecurityChanged,
    identity.PhoneCodeWished,
    intake.SignerInvited,
    intake.SigningEnded,
    intake.ApplicationSubmitted,
    intake.ApplicationAccepted,
    intake.ApplicationReturned,
    intake.ApplicationNotAccepted,
    approval.BranchSuspended,
    approval.BranchOverdue,
    approval.ExtensionRequested,
    approval.ExtensionDecided,
    approval.SignatureRequested,
    approval.SupervisionOpened,
    approval.SupervisionUnanswered,
    approval.SupervisionAnswered,
    approval.CaseDecided,
    approval.LicenceIssued,
    approval.CaseClosed,
    approval.CaseTerminated,
)
"""All that is told to somebody, and what is needed to tell it."""
EVENTS = (*TOLD, *(e for e in hooks.EVENTS if e not in TOLD))
"""With what webhooks are told."""


def follow(events: list[Envelope], uow: UnitOfWork) -> None:
    """Keep what texts name, and write down whom to tell what. Raises `NotYet` for news of a case whose
    filing has not arrived."""
    _keep_titles(events, uow)
    _keep_colleagues(events, uow)
    _keep_applications(events, uow)
    found = [(envelope, wish) for envelope in events for wish in wishes(envelope.event)]
    if found:
        _write(found, uow)
    hook_handlers.follow(events, uow)


def read(account_id: str, message_ids: Iterable[str] | None, uow: UnitOfWork) -> None:
    """Mark these messages of the account as read; all when none are named."""
    mine = (message.c.recipient == account_id, message.c.channel == "app", message.c.read_at.is_(None))
    change = update(message).where(*mine)
    if message_ids is not None:
        change = change.where(message.c.message_id.in_(sorted(message_ids)))
    if uow.session.execute(change.values(read_at=uow.now)).rowcount:  # type: ignore[attr-defined]
        uow.emit(MessagesRead(account=account_id))


def forget(events: Iterable[Envelope], uow: UnitOfWork) -> None:
    """Accounts were closed: their messages, what was sent to them and how they were told go."""
    gone = sorted(e.event.account_id for e in events if isinstance(e.event, identity.AccountClosed))
    theirs = select(message.c.message_id).where(message.c.recipient.in_(gone))
    uow.session.execute(delete(sandbox).where(sandbox.c.message_id.in_(theirs)))
    uow.session.execute(delete(message).where(message.c.recipient.in_(gone)))
    uow.session.execute(delete(preference).where(preference.c.account_id.in_(gone)))


def prefer(account_id: str, language: str, mail: Iterable[str], uow: UnitOfWork) -> None:
    """Keep in which language and about what an account wants mail."""
    values = {"account_id": account_id, "language": language, "mail": sorted(mail)}
    statement = uow.insert(preference).values(**values)
    uow.session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id"], set_={"language": language, "mail": values["mail"]}
        )
    )


def _write(found: list[tuple[Envelope, Wish]], uow: UnitOfWork) -> None:
    owners = _owners({w.to.case for _, w in found if w.to.case}, uow)
    staff = _staff([w.to for _, w in found if w.to.role], uow)
    told = [
        (envelope, wish, account)
        for envelope, wish in found
        for account in _accounts(envelope, wish.to, owners, staff)
    ]
    mails = _mail_wanted({account for _, _, account in told}, uow)
    rows = []
    for envelope, wish, account in told:
        if wish.sms_until is not None:
            if uow.now < wish.sms_until:
                rows.append(_row(envelope, wish, account, "sms", uow))
            continue
        rows.append(_row(envelope, wish, account, "app", uow))
        fresh = uow.now - envelope.time < MAIL_AGE
        if fresh and wish.category in mails.get(account, CATEGORIES):
            rows.append(_row(envelope, wish, account, "mail", uow))
    if not rows:
        return
    uow.insert_rows(message, rows, ignoring_known)
    for row in rows:
        metrics.MESSAGES.labels(row["channel"], "written").inc()
    for account, category in sorted({(r["recipient"], r["category"]) for r in rows if r["channel"] == "app"}):
        uow.emit(MessageWritten(account=account, category=category))
    if any(row["channel"] != "app" for row in rows):
        uow.wake_up(wake.EFFECTS)


def _row(envelope: Envelope, wish: Wish, account: str, channel: str, uow: UnitOfWork) -> dict[str, Any]:
    """What is too old to be mailed about counts as read."""
    is_old = uow.now - envelope.time >= MAIL_AGE
    mail = channel != "app"
    return {
        "message_id": str(uuid7()),
        "event_id": envelope.id,
        "recipient": account,
        "channel": channel,
        "text": wish.text,
        "category": wish.category,
        "case_id": wish.case,
        "facts": dict(wish.facts),
        "happened_at": envelope.time,
        "written_at": uow.now,
        "read_at": envelope.time if is_old and not mail else None,
        "state": "waiting" if mail else "kept",
        "attempts": 0,
        "due_at": uow.now if mail else None,
    }


def _accounts(
    envelope: Envelope, to: To, owners: Mapping[str, list[str]], staff: Mapping[To, list[str]]
) -> list[str]:
    if to.account is not None:
        return [to.account]
    if to.case is not None:
        if to.case not in owners:
            raise NotYet(envelope)
        return owners[to.case]
    return staff.get(to, [])


def _owners(cases: set[str], uow: UnitOfWork) -> dict[str, list[str]]:
    """Whose each case is: the applicant's, and the agent's who filed it for a firm and has not left it."""
    table = application.c
    rows = uow.session.execute(
        select(table.application_no, table.applicant, table.filed_by).where(
            among(uow.session, table.application_no, cases)
        )
    ).all()
    return {
        no: [firm] if agent is None or agencies.has_left(agent, firm, uow.session) else [firm, agent]
        for no, firm, agent in rows
    }


def _staff(wanted: list[To], uow: UnitOfWork) -> dict[To, list[str]]:
    """Accounts by role (and department). Whoever is unknown yet is not told: an account is older than
    what concerns it."""
    if not wanted:
        return {}
    departments = {to.department for to in wanted if to.department}
    everywhere = any(to.department is None for to in wanted)
    table = colleague.c
    query = select(table.account_id, table.department, table.roles).order_by(table.account_id)
    if not everywhere:
        query = query.where(table.department.in_(sorted(departments)))
    found: dict[To, list[str]] = defaultdict(list)
    people = uow.session.execute(query).all()
    for to in set(wanted):
        for person in people:
            if to.role in person.roles and to.department in (None, person.department):
                found[to].append(person.account_id)
    return found


def _mail_wanted(accounts: set[str], uow: UnitOfWork) -> dict[str, list[str]]:
    table = preference.c
    rows = uow.session.execute(
        select(table.account_id, table.mail).where(among(uow.session, table.account_id, accounts))
    )
    return {account: mail for account, mail in rows}


def _keep_applications(events: list[Envelope], uow: UnitOfWork) -> None:
    rows = {
        e.event.application_no: {
            "application_no": e.event.application_no,
            "applicant": e.event.applicant,
            "filed_by": e.event.filed_by,
            "procedure": e.event.procedure,
        }
        for e in events
        if isinstance(e.event, intake.ApplicationSubmitted)
    }
    if rows:
        uow.insert_rows(application, [rows[no] for no in sorted(rows)], ignoring_known)


def _keep_colleagues(events: list[Envelope], uow: UnitOfWork) -> None:
    """Who has which roles, by the newest that was said; who is suspended has none."""
    rows: dict[str, dict[str, Any]] = {}
    for envelope in sorted(events, key=lambda e: e.sequence):
        match envelope.event:
            case identity.AccountOpened(account_id=account, kind="staff", department=d, roles=roles):
                pass
            case identity.StaffChanged(account_id=account, department=d, roles=roles, is_suspended=gone):
                roles = () if gone else roles
            case _:
                continue
        rows[account] = {
            "account_id": account,
            "department": d,
            "roles": list(roles),
            "sequence": envelope.sequence,
        }
    if rows:
        statement = uow.insert(colleague)
        newer = statement.excluded
        changed = {name: newer[name] for name in ("department", "roles", "sequence")}
        uow.session.execute(
            statement.on_conflict_do_update(
                index_elements=["account_id"],
                set_=changed,
                where=newer.sequence > colleague.c.sequence,
            ),
            [rows[a] for a in sorted(rows)],
        )


def _keep_titles(events: list[Envelope], uow: UnitOfWork) -> None:
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for envelope in events:
        match envelope.event:
            case catalog.ProcedurePublished(code=code, version=number, procedure=p):
                kind, name = "procedure", p.title
            case catalog.DepartmentPublished(code=code, name=name):
                kind, number = "department", envelope.sequence
            case _:
                continue
        row = {"kind": kind, "code": code, "number": number, "zh": name.zh, "en": name.en}
        if (kind, code) not in newest or newest[kind, code]["number"] < number:
            newest[kind, code] = row
    if not newest:
        return
    statement = uow.insert(title)
    new = statement.excluded
    later = new.number > title.c.number
    statement = statement.on_conflict_do_update(
        index_elements=["kind", "code"],
        set_={name: case((later, new[name]), else_=title.c[name]) for name in ("zh", "en", "number")},
    )
    uow.session.execute(statement, [newest[key] for key in sorted(newest)])
