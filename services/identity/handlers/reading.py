"""Reading what is known of people: each reading is written down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from chassis import masking
from chassis.uow import UnitOfWork
from services.identity.handlers.audit import write_down
from services.identity.handlers.readings import note_reader
from services.identity.orm import account as account_table


def read_names(
    account_ids: Iterable[str], reader: str, uow: UnitOfWork, *, masked: bool = False
) -> list[dict[str, Any]]:
    """Display names by account; each reading is written down. ``masked`` hides part of a person's name."""
    found = uow.session.execute(
        select(account_table.c.account_id, account_table.c.display_name, account_table.c.kind)
        .where(account_table.c.account_id.in_(sorted(set(account_ids))))
        .order_by(account_table.c.account_id)
    ).all()
    write_down(reader, "read_name", [row.account_id for row in found], uow)
    note_reader(reader, "name", "handling", [row.account_id for row in found], uow)
    return [
        {
            "account_id": row.account_id,
            "display_name": masking.name(row.display_name)
            if masked and row.kind == "person"
            else row.display_name,
        }
        for row in found
    ]


def read_contacts(account_ids: Iterable[str], reader: str, uow: UnitOfWork) -> list[dict[str, Any]]:
    """Names and e-mail addresses by account, for a service that writes to people; each reading is
    written down."""
    table = account_table.c
    found = uow.session.execute(
        select(table.account_id, table.display_name, table.email)
        .where(table.account_id.in_(sorted(set(account_ids))))
        .order_by(table.account_id)
    ).all()
    write_down(reader, "read_contact", [row.account_id for row in found], uow)
    note_reader(reader, "contact", "telling", [row.account_id for row in found], uow)
    return [dict(row._mapping) for row in found]
