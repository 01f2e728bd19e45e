"""The replica of departments and places."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chassis.uow import UnitOfWork
from contracts.catalog import DepartmentPublished, PlacePublished
from contracts.cloudevents import Envelope
from services.identity.orm import unit


def keep_units(envelopes: Iterable[Envelope], uow: UnitOfWork) -> None:
    """Keep what the catalogue says of departments and places, in any order: each says its whole state."""
    rows: dict[str, dict[str, Any]] = {}
    for envelope in sorted(envelopes, key=lambda e: e.sequence):
        match envelope.event:
            case DepartmentPublished() as said:
                place = {"kind": "department", "parent": None, "is_gone": False}
            case PlacePublished() as said:
                place = {"kind": said.kind, "parent": said.parent, "is_gone": said.is_gone}
            case _:
                continue
        name = {"zh": said.name.zh, "en": said.name.en}
        rows[said.code] = {"code": said.code, "name": name, "sequence": envelope.sequence, **place}
    if not rows:
        return
    statement = uow.insert(unit)
    newer = statement.excluded
    columns = {c.name: newer[c.name] for c in unit.c if c.name != "code"}
    uow.session.execute(
        statement.on_conflict_do_update(
            index_elements=["code"], set_=columns, where=newer.sequence > unit.c.sequence
        ),
        [rows[code] for code in sorted(rows)],
    )
