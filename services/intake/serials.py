"""Serial numbers, taken in blocks: filing never queues on one row."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import MutableMapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import event

from chassis.uow import UnitOfWork
from services.intake.numbers import application_no, day_of
from services.intake.orm import serial_number

BLOCK = 100

_lock = threading.Lock()
_pools: MutableMapping[Any, dict[str, tuple[str, deque[str]]]] = WeakKeyDictionary()


def next_application_no(department: str, uow: UnitOfWork) -> str:
    """A number nobody else has. Numbers may be left out, for instance when a filing fails.

    One in a hundred calls takes a new block; this process may use the rest of it once that is committed.
    """
    day = day_of(uow.now)
    engine = uow.session.get_bind()
    with _lock:
        pool_day, pool = _pools.setdefault(engine, {}).get(department, ("", deque()))
        if pool_day == day and pool:
            return pool.popleft()
    first, *others = _take_block(department, day, uow)
    event.listen(uow.session, "after_commit", lambda _: _add(engine, department, day, others), once=True)
    return first


def _take_block(department: str, day: str, uow: UnitOfWork) -> list[str]:
    table = serial_number
    last = uow.session.execute(
        uow.insert(table)
        .values(department=department, day=day, last=BLOCK)
        .on_conflict_do_update(index_elements=["department", "day"], set_={"last": table.c.last + BLOCK})
        .returning(table.c.last)
    ).scalar_one()
    numbers = (application_no(department, day, n) for n in range(last - BLOCK + 1, last + 1))
    return [number for number in numbers if number is not None]


def _add(engine: Any, department: str, day: str, numbers: list[str]) -> None:
    with _lock:
        pools = _pools.setdefault(engine, {})
        pool_day, pool = pools.get(department, ("", deque()))
        if pool_day <= day:
            pools[department] = (day, deque(numbers) if pool_day < day else pool + deque(numbers))
