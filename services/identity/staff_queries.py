"""The read side of administering: staff, the tree, the audit, sign-ins."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.orm import Session

from services.identity.domain import Unit, UnknownMember, in_order, subtree
from services.identity.orm import account, audit, second_factor, sign_in, unit

PAGE = 50
View = dict[str, Any]
_COLUMNS = tuple(
    account.c[name]
    for name in (
        "account_id",
        "kind",
        "login",
        "display_name",
        "department",
        "roles",
        "has_initial_password",
        "suspended_at",
    )
)


def units(session: Session) -> list[Unit]:
    """Departments and places that exist."""
    rows = session.execute(select(unit).where(unit.c.is_gone.is_(False)))
    return [Unit(row.code, row.name, row.kind, row.parent) for row in rows]


def tree(session: Session) -> list[View]:
    """Every node below its parent, with its depth."""
    return [
        {"code": u.code, "name": u.name, "kind": u.kind, "parent": u.parent, "depth": depth}
        for depth, u in in_order(units(session))
    ]


def staff(department: str | None, cursor: str | None, session: Session, within: str | None = None) -> View:
    """Members of staff by login; of a unit and everything below it, as far as that is ``within`` another."""
    query = _members()
    if within is not None:
        query = query.where(account.c.department.in_(sorted(subtree(within, units(session)))))
    if department is not None:
        query = query.where(account.c.department.in_(sorted(subtree(department, units(session)))))
    if cursor is not None:
        query = query.where(account.c.login > cursor)
    rows = session.execute(query.order_by(account.c.login).limit(PAGE + 1)).all()
    return {
        "items": [dict(row._mapping) for row in rows[:PAGE]],
        "next": rows[PAGE - 1].login if len(rows) > PAGE else None,
    }


def member(account_id: str, session: Session, within: str | None = None) -> View:
    """One of them. Raises `UnknownMember`, also for accounts that aren't staff's or not ``within`` a unit."""
    row = session.execute(_members().where(account.c.account_id == account_id)).first()
    if row is None or (within is not None and row.department not in subtree(within, units(session))):
        raise UnknownMember(account_id)
    return dict(row._mapping)


def mark(one: View) -> str:
    """What an administrator has seen of a member of staff, for If-Match."""
    said = [one["department"] or "", *sorted(one["roles"]), str(one["suspended_at"] is not None)]
    return hashlib.sha256("|".join(said).encode()).hexdigest()[:16]


def audit_lines(
    session: Session, *, actor: str | None, subject: str | None, act: str | None, cursor: int | None
) -> View:
    """The audit, newest first."""
    wanted = {"actor": actor, "subject": subject, "act": act}
    conditions = [audit.c[name] == value for name, value in wanted.items() if value]
    found = _newest_first(audit, conditions, cursor, session)
    names = _names((line[who] for line in found["items"] for who in ("actor", "subject")), session)
    for line in found["items"]:
        line |= {"actor_name": names.get(line["actor"]), "subject_name": names.get(line["subject"])}
    return found


def sign_ins(session: Session, *, whose: str | None, cursor: int | None) -> View:
    """Sign-ins and what came in their way, newest first."""
    conditions = [sign_in.c.account_id == whose] if whose else []
    found = _newest_first(sign_in, conditions, cursor, session)
    names = _names((line["account_id"] for line in found["items"]), session)
    for line in found["items"]:
        line["name"] = names.get(line["account_id"])
    return found


def _names(accounts: Iterable[str], session: Session) -> dict[str, str]:
    """Of those among these accounts that are staff's: citizens' are nobody's business here."""
    query = select(account.c.account_id, account.c.display_name).where(
        account.c.account_id.in_(sorted(set(accounts))), account.c.kind == "staff"
    )
    return {account_id: name for account_id, name in session.execute(query)}


def _members() -> Any:
    joined = account.outerjoin(second_factor, second_factor.c.account_id == account.c.account_id)
    since = second_factor.c.since.label("second_factor_since")
    return select(*_COLUMNS, since).select_from(joined).where(account.c.kind == "staff")


def _newest_first(
    table: Table, conditions: list[ColumnElement[bool]], cursor: int | None, session: Session
) -> View:
    query = select(table).where(*conditions)
    if cursor is not None:
        query = query.where(table.c.id < cursor)
    rows = session.execute(query.order_by(table.c.id.desc()).limit(PAGE + 1)).all()
    return {
        "items": [dict(row._mapping) for row in rows[:PAGE]],
        "next": rows[PAGE - 1].id if len(rows) > PAGE else None,
    }
