"""``python -m bench.embedded``: one process: start, memory, idle CPU, delay at 20 a second."""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.load import Load
from bench.usage import cpu_seconds, rss_mb
from demo.client import Client
from demo.platform import Platform

IDLE_S = 5.0
BRANCHES = 3
OLD_EVENTS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO event_log (logged_at, event_id, type, subject, sequence, case_id, time, body)
SELECT '2026-01-01 00:00:00.000000', 'old-' || i, 'intake.application_returned', 'OLD' || (i / 10),
       i % 10 + 1, 'OLD' || (i / 10), '2026-01-01 00:00:00.000000', x'7b7d' FROM n
"""

console = Console(stderr=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.embedded", description=__doc__)
    parser.add_argument("--rate", type=float, default=20, help="applications and sign-ins a second")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument(
        "--old", type=int, default=1_000_000, help="old events in the files at the second start"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="onewindow-bench-") as name:
        folder = Path(name) / "data"
        line: dict[str, Any] = {"mode": "embedded", "rate": arguments.rate}
        with console.status("first start, idle, load"), Platform(folder) as platform:
            line["ready_s"] = round(platform.seconds_to_ready, 2)
            line |= _idle(platform) | _loaded(platform, arguments.rate, arguments.seconds)
        with console.status(f"a start with {arguments.old:,} old events"):
            _age(folder / "intake.sqlite", arguments.old)
            with Platform(folder) as platform:
                line["old_events"] = arguments.old
                line["ready_with_old_events_s"] = round(platform.seconds_to_ready, 2)
    print(json.dumps(line))
    return 0


def _idle(platform: Platform) -> dict[str, float]:
    assert platform.process is not None
    group = {"all": [platform.process.pid]}
    before, started = cpu_seconds(group)["all"], time.monotonic()
    time.sleep(IDLE_S)
    spent = cpu_seconds(group)["all"] - before
    return {"idle_cpu_percent": round(100 * spent / (time.monotonic() - started), 1)}


def _loaded(platform: Platform, rate: float, seconds: float) -> dict[str, Any]:
    assert platform.process is not None
    over = threading.Event()
    signing_in = threading.Thread(target=_sign_in, args=(platform, rate, over), daemon=True)
    signing_in.start()
    load = Load(platform.urls, int(rate * seconds), rate)
    load.run(lambda _: None)
    memory = rss_mb({"all": [platform.process.pid]})["all"]
    over.set()
    signing_in.join()
    delays = _await_opened(platform.folder / "approval.sqlite", load)
    return {
        "applications": len(load.filed),
        "refused": len(load.refused),
        **_percentiles("opened_", delays),
        **_percentiles("http_", sorted(load.answered_ms)),
        "rss_mb": memory,
    }


def _sign_in(platform: Platform, rate: float, over: threading.Event) -> None:
    clients = [Client(platform.urls, login) for login in ("shenjiahe", "heji", "luming", "officer-ga")]
    number, started = 0, time.monotonic()
    while not over.wait(max(0.0, started + number / rate - time.monotonic())):
        threading.Thread(target=clients[number % len(clients)].sign_in, daemon=True).start()
        number += 1


def _await_opened(database: Path, load: Load) -> list[float]:
    """Milliseconds from sending the form to the moment the last first branch was open, by application."""
    deadline = time.monotonic() + 30
    while True:
        opened: dict[str, list[float]] = {}
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        rows = connection.execute(
            "SELECT case_id, time FROM event_log WHERE type = 'approval.branch_opened' ORDER BY position"
        ).fetchall()
        connection.close()
        for case, moment in rows:
            opened.setdefault(case, []).append(datetime.fromisoformat(f"{moment}+00:00").timestamp())
        complete = [n for n in load.filed if len(opened.get(n, ())) >= BRANCHES]
        if len(complete) == len(load.filed) or time.monotonic() > deadline:
            return sorted((max(opened[n]) - load.filed[n]) * 1000 for n in complete)
        time.sleep(0.2)


def _age(database: Path, count: int) -> None:
    connection = sqlite3.connect(database)
    with connection:
        connection.execute(OLD_EVENTS, (count,))
        connection.execute(
            "UPDATE checkpoint SET position = (SELECT max(position) FROM event_log), starts = 0"
        )
    connection.close()


def _percentiles(prefix: str, values: Sequence[float]) -> dict[str, float]:
    last = len(values) - 1
    return {
        f"{prefix}p{p}_ms": round(values[min(last, len(values) * p // 100)], 1) for p in (50, 99) if values
    }


if __name__ == "__main__":
    sys.exit(main())
