"""A worker process that handles the events on its standard input, one in a line, when told to go.

    python -m tests.unit.approval.consuming DATABASE_URL KEY_HEX BATCH

It says "ready" when it has read all up to an empty line, begins at the next line, and says "done" when
every message is acknowledged.
"""

from __future__ import annotations

import sys
from pathlib import Path

from chassis.consume import Consumption, Delivery
from chassis.database import Database
from chassis.fakes.database import scratch_config
from services.approval import handlers


def main(url: str, key: str, batch: str) -> None:
    config = scratch_config("approval", Path(), database_url=url, master_key=bytes.fromhex(key))
    database = Database(config)
    consumption = Consumption(database, handlers.REPLIES, handlers.record_answers)
    bodies = [line.encode() for line in iter(lambda: sys.stdin.readline().strip(), "")]
    database.now()
    print("ready", flush=True)
    sys.stdin.readline()
    acknowledged: list[int] = []
    for start in range(0, len(bodies), int(batch)):
        chunk = bodies[start : start + int(batch)]
        consumption.handle([Delivery(body=body, ack=lambda: acknowledged.append(1)) for body in chunk])
    print("done" if len(acknowledged) == len(bodies) else "left some", flush=True)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
