"""``python -m bench.logins``: many people sign in at the same moment; one JSON line.

Identity alone as a city runs it (gunicorn, PostgreSQL); its memory is looked at every 20 ms meanwhile.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from rich.console import Console

from bench.usage import rss_mb
from demo.client import PASSWORD
from deploy.local.stack import Stack, service_names

LOGIN = "yunfan"
MOST_MB = 400.0

console = Console(stderr=True)


def main() -> int:
    """Exit status 0 when every sign-in succeeded and identity's web processes stayed under 400 MB."""
    parser = argparse.ArgumentParser(prog="python -m bench.logins", description=__doc__)
    parser.add_argument("--people", type=int, default=50, help="how many at once")
    parser.add_argument("--rounds", type=int, default=4)
    arguments = parser.parse_args()
    others = {name: 0 for name in service_names() if name != "identity"}
    with tempfile.TemporaryDirectory(prefix="onewindow-bench-") as folder:
        stack = Stack(Path(folder))
        with console.status("starting identity on PostgreSQL"):
            stack.start(workers=others, web=others)
        try:
            line = _measured(stack, arguments.people, arguments.rounds)
        finally:
            stack.stop()
    print(json.dumps(line))
    return 0 if not line["failed"] and line["rss_mb_most"] < MOST_MB else 1


def _measured(stack: Stack, people: int, rounds: int) -> dict[str, float]:
    roots = {"web": stack.pids()["identity.web"]}
    address = f"{stack.urls['identity']}/api/identity/tokens"
    memory, over = [rss_mb(roots)["web"]], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            memory.append(rss_mb(roots)["web"])

    watcher = threading.Thread(target=watch)
    watcher.start()
    times: list[float] = []
    failed = 0
    started = time.monotonic()
    with ThreadPoolExecutor(people) as pool:
        for _ in range(rounds):
            together = threading.Barrier(people)
            for ms, status in pool.map(lambda _, b=together: _sign_in(address, b), range(people)):
                times.append(ms)
                failed += status != 200
    seconds = time.monotonic() - started
    over.set()
    watcher.join()
    times.sort()
    return {
        "people": people,
        "sign_ins": len(times),
        "failed": failed,
        "per_second": round(len(times) / seconds, 1),
        **{f"p{p}_ms": round(times[min(len(times) - 1, len(times) * p // 100)], 1) for p in (50, 95, 99)},
        "rss_mb_before": memory[0],
        "rss_mb_most": max(memory),
    }


def _sign_in(address: str, together: threading.Barrier) -> tuple[float, int]:
    together.wait(60)
    started = time.perf_counter()
    answer = requests.post(address, json={"login": LOGIN, "password": PASSWORD}, timeout=60)
    return (time.perf_counter() - started) * 1000, answer.status_code


if __name__ == "__main__":
    sys.exit(main())
