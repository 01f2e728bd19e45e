"""A process that answers one branch of each case named on its standard input, the moment it is named.

    python -m tests.unit.approval.answering CONFIG_JSON KEY_HEX WAY NUMBER DEPARTMENT

``WAY`` is "broker" (an event out of the reply queue) or "desk" (HTTP's handler). It says "taken" or what
went wrong, a line a case.
"""

from __future__ import annotations

import sys
from pathlib import Path

from chassis.database import Database, open_database
from chassis.fakes.database import deliver, envelope, scratch_config
from services.approval import handlers
from tests.unit.approval.bureau import answer, no


def take(database: Database, way: str, branch_no: str, department: str) -> None:
    if way == "broker":
        told = envelope(answer(branch_no, department), sequence=1, time=database.now())
        assert deliver(database, handlers.record_answers, [told]) == []
    else:
        with database.transaction() as uow:
            handlers.answer(branch_no, {"answer": "agree"}, f"dept-{department}", None, department, uow)


def main(url: str, key: str, way: str, number: str, department: str) -> None:
    config = scratch_config("approval", Path(), database_url=url, master_key=bytes.fromhex(key))
    database = open_database(config)
    database.now()
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            take(database, way, no(int(number), line.strip()), department)
            print("taken", flush=True)
        except Exception as error:
            print(repr(error), flush=True)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
