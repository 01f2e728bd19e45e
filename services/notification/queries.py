"""The read side: an account's messages in words, what it prefers, and what left the house."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis.bulk import among
from services.notification.domain import CATEGORIES, UnknownMessage
from services.notification.orm import application, message, preference, sandbox, title
from services.notification.words import LANGUAGES, Language, Titles, Words, words

PAGE = 30
View = dict[str, Any]


class Preference(NamedTuple):
    language: Language
    mail: tuple[str, ...]


def inbox(account_id: str, unread_only: bool, cursor: str | None, session: Session) -> View:
    """An account's messages, newest first."""
    t = message.c
    query = select(message).where(t.recipient == account_id, t.channel == "app")
    if unread_only:
        query = query.where(t.read_at.is_(None))
    if cursor:
        query = query.where(t.message_id < cursor)
    rows = session.execute(query.order_by(t.message_id.desc()).limit(PAGE + 1)).all()
    said = words_of(rows[:PAGE], session)
    return {
        "items": [_view(row, said[row.message_id]) for row in rows[:PAGE]],
        "next": rows[PAGE - 1].message_id if len(rows) > PAGE else None,
        "unread": unread(account_id, session),
    }


def one(account_id: str, message_id: str, session: Session) -> View:
    """A message of the account, in its space or by mail. Raises `UnknownMessage`."""
    t = message.c
    row = session.execute(
        select(message).where(
            t.message_id == message_id, t.recipient == account_id, t.channel.in_(("app", "mail"))
        )
    ).first()
    if row is None:
        raise UnknownMessage(message_id)
    return _view(row, words_of([row], session)[row.message_id])


def unread(account_id: str, session: Session) -> int:
    t = message.c
    query = select(func.count()).where(t.recipient == account_id, t.channel == "app", t.read_at.is_(None))
    return session.execute(query).scalar_one()


def preference_of(account_id: str, session: Session) -> Preference:
    """What the account prefers: Chinese and mail about everything, until it says otherwise."""
    row = session.execute(select(preference).where(preference.c.account_id == account_id)).first()
    return Preference(row.language, tuple(row.mail)) if row else Preference("zh", CATEGORIES)


def languages_of(account_ids: Iterable[str], session: Session) -> dict[str, Language]:
    """The language of each account's mail, where it chose one."""
    t = preference.c
    rows = session.execute(
        select(t.account_id, t.language).where(among(session, t.account_id, set(account_ids)))
    )
    return {account: language for account, language in rows}


def outbox(state: str | None, cursor: str | None, session: Session) -> View:
    """What was to leave the house, newest first; in the sandbox with its words."""
    t = message.c
    query = select(message).where(t.channel != "app")
    if state:
        query = query.where(t.state == state)
    if cursor:
        query = query.where(t.message_id < cursor)
    rows = session.execute(query.order_by(t.message_id.desc()).limit(PAGE + 1)).all()
    kept = session.execute(
        select(sandbox).where(sandbox.c.message_id.in_([r.message_id for r in rows[:PAGE]]))
    )
    letters = {row.message_id: row for row in kept}
    counts = session.execute(
        select(t.state, func.count()).where(t.channel != "app").group_by(t.state).order_by(t.state)
    )
    return {
        "items": [_sent(row, letters.get(row.message_id)) for row in rows[:PAGE]],
        "next": rows[PAGE - 1].message_id if len(rows) > PAGE else None,
        "counts": [{"state": s, "count": n} for s, n in counts],
    }


def words_of(rows: Sequence[Any], session: Session) -> dict[str, dict[Language, Words]]:
    """These messages in words, both languages, by id."""
    say = wording(rows, session)
    return {row.message_id: say(row) for row in rows}


def wording(rows: Sequence[Any], session: Session) -> Callable[[Any], dict[Language, Words]]:
    """What says any of these messages in both languages, with everything it takes already read."""
    procedures = _procedures({row.case_id for row in rows if row.case_id}, session)
    named = (row.facts.get(name) for row in rows for name in ("department", "procedure"))
    codes = {*procedures.values(), *named} - {None}
    titles = _titles(codes, session)

    def say(row: Any) -> dict[Language, Words]:
        procedure = procedures.get(row.case_id, row.case_id or row.facts.get("procedure", ""))
        return {
            language: words(row.text, row.facts, row.case_id, procedure, titles, language)
            for language in LANGUAGES
        }

    return say


def _procedures(cases: set[str], session: Session) -> dict[str, str]:
    t = application.c
    rows = session.execute(
        select(t.application_no, t.procedure).where(among(session, t.application_no, cases))
    )
    return {no: procedure for no, procedure in rows}


def _titles(codes: Iterable[Any], session: Session) -> Titles:
    rows = session.execute(select(title).where(among(session, title.c.code, sorted(codes))))
    return {(row.kind, row.code): {"zh": row.zh, "en": row.en} for row in rows}


def _view(row: Any, said: dict[Language, Words]) -> View:
    return {
        "message_id": row.message_id,
        "category": row.category,
        "case": row.case_id,
        "title": {language: said[language].title for language in LANGUAGES},
        "text": {language: said[language].text for language in LANGUAGES},
        "link": said["zh"].link,
        "at": row.happened_at,
        "read": row.read_at is not None,
    }


def _sent(row: Any, letter: Any) -> View:
    view = {
        name: getattr(row, name)
        for name in (
            "message_id",
            "channel",
            "recipient",
            "text",
            "category",
            "case_id",
            "state",
            "attempts",
            "error",
            "written_at",
            "tried_at",
            "settled_at",
        )
    }
    view["letter"] = (
        {"to": letter.address, "subject": letter.subject, "body": letter.body} if letter else None
    )
    return view
