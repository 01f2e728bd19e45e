"""What makes a desk one's own: templates for opinions 意见模板 and saved filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, insert, select

from chassis.uow import UnitOfWork
from services.approval.orm import opinion_template, saved_filter

MOST_TEMPLATES, MOST_FILTERS = 200, 20


class TooMany(Exception):
    """More than anybody finds their way in; ``most`` are kept."""

    def __init__(self, most: int):
        super().__init__(f"more than {most}")
        self.most = most


class UnknownTemplate(LookupError):
    """No such template, or not one this account may change."""


def keep_template(
    id: str, template: Mapping[str, str], owner: str | None, department: str, uow: UnitOfWork
) -> None:
    """Keep a template, ``owner``'s own or the whole department's. Raises `TooMany`."""
    table = opinion_template.c
    query = select(func.count()).select_from(opinion_template).where(table.department == department)
    if (uow.session.scalar(query.where(table.owner == owner)) or 0) >= MOST_TEMPLATES:
        raise TooMany(MOST_TEMPLATES)
    values = {"id": id, "department": department, "owner": owner, **template}
    uow.session.execute(insert(opinion_template), values)


def drop_template(id: str, account: str, department: str, is_head: bool, uow: UnitOfWork) -> None:
    """Forget one's own template; the department's only by the head. Raises `UnknownTemplate`."""
    table = opinion_template.c
    owned = (table.owner == account) | (table.owner.is_(None) if is_head else False)
    gone = uow.session.execute(
        delete(opinion_template).where(table.id == id, table.department == department, owned)
    )
    if not gone.rowcount:  # type: ignore[attr-defined]
        raise UnknownTemplate(id)


def keep_filter(account: str, name: str, query: Mapping[str, Any], uow: UnitOfWork) -> None:
    """Keep a filter under its name, in place of an earlier one. Raises `TooMany`."""
    table = saved_filter.c
    others = select(func.count()).select_from(saved_filter)
    others = others.where(table.account == account, table.name != name)
    if (uow.session.scalar(others) or 0) >= MOST_FILTERS:
        raise TooMany(MOST_FILTERS)
    statement = uow.insert(saved_filter).values(account=account, name=name, query=dict(query))
    uow.session.execute(
        statement.on_conflict_do_update(index_elements=["account", "name"], set_={"query": dict(query)})
    )


def drop_filter(account: str, name: str, uow: UnitOfWork) -> None:
    """Forget a filter; it is no mistake if it is gone already."""
    table = saved_filter.c
    uow.session.execute(delete(saved_filter).where(table.account == account, table.name == name))
