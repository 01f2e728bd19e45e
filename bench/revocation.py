"""``python -m bench.revocation``: from "sign out everywhere" until no service takes the token; one JSON line.

The whole platform on RabbitMQ and PostgreSQL. Each round signs two accounts in, opens event streams of the
dashboard and of the portal's pages, signs out everywhere, and asks every service every 20 ms until it
refuses; seconds from the answer of the sign-out.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from rich.console import Console
from rich.progress import track

from bench.live import Visitor
from demo.client import Client
from deploy.local.stack import Stack

MOST_S = 5.0
PATIENCE_S = 30.0
APPLICANT, LEADER, OFFICER = "yunfan", "leader", "luming"
ASKED = {
    "identity": (APPLICANT, "/me"),
    "intake": (APPLICANT, "/applications"),
    "approval": (APPLICANT, "/corrections/none"),
    "notification": (APPLICANT, "/messages/unread"),
    "dashboard": (LEADER, "/figures"),
}

console = Console(stderr=True)


def main() -> int:
    """Exit status 0 when everything was refused within 5 seconds, and open streams ended."""
    parser = argparse.ArgumentParser(prog="python -m bench.revocation", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--streams", type=int, default=4, help="open event streams a round, of each kind")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="onewindow-bench-") as folder:
        stack = Stack(Path(folder))
        with console.status("starting the platform on RabbitMQ and PostgreSQL"):
            stack.start()
        try:
            rounds = [
                _round(stack.urls, arguments.streams)
                for _ in track(range(arguments.rounds), "signing out", console=console)
            ]
        finally:
            stack.stop()
    line = {f"{place}_s": round(max(found[place] for found in rounds), 2) for place in rounds[0]}
    print(json.dumps({"rounds": len(rounds), "streams": arguments.streams, **line}))
    return 0 if max(line.values()) < MOST_S else 1


def _round(urls: dict[str, str], streams: int) -> dict[str, float]:
    tokens = {login: str(Client(urls, login).sign_in().token) for login in (APPLICANT, LEADER)}
    for place, (login, path) in ASKED.items():
        assert _status(urls, place, path, tokens[login]) != 401, f"{place} refuses a new token"
    officer = Visitor(urls["portal"], OFFICER)
    tokens[OFFICER] = str(Client(urls, OFFICER).sign_in().token)
    with ThreadPoolExecutor(len(ASKED) + 2 * streams) as pool:
        opened = threading.Barrier(2 * streams + 1)
        figures, desk = f"{urls['dashboard']}/api/dashboard/stream", f"{urls['portal']}/stream/work"
        ended = {
            "open_streams": [
                pool.submit(_end, figures, _bearer(tokens[LEADER]), opened) for _ in range(streams)
            ],
            "portal_streams": [
                pool.submit(_end, desk, {"Cookie": officer.cookies}, opened) for _ in range(streams)
            ],
        }
        opened.wait(PATIENCE_S)
        for token in tokens.values():
            requests.post(
                f"{urls['identity']}/api/identity/tokens/revoke", headers=_bearer(token), timeout=10
            )
        started = time.monotonic()
        refused = {
            place: pool.submit(_refusal, urls, place, path, tokens[login])
            for place, (login, path) in ASKED.items()
        }
        found = {place: job.result() - started for place, job in refused.items()}
        last = {kind: max(job.result() for job in jobs) for kind, jobs in ended.items()}
        return found | {kind: moment - started for kind, moment in last.items()}


def _refusal(urls: dict[str, str], place: str, path: str, token: str) -> float:
    for _ in _tries():
        if _status(urls, place, path, token) == 401:
            return time.monotonic()
    raise TimeoutError(f"{place} still takes a revoked token")


def _tries() -> Iterator[None]:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        yield
        time.sleep(0.02)


def _end(url: str, headers: dict[str, str], opened: threading.Barrier) -> float:
    """When a stream ended that was open."""
    with requests.get(url, headers=headers, stream=True, timeout=PATIENCE_S) as answer:
        answer.raise_for_status()
        assert answer.headers["Content-Type"].startswith("text/event-stream"), answer.url
        opened.wait(PATIENCE_S)
        for _ in answer.iter_content(None):
            pass
    return time.monotonic()


def _status(urls: dict[str, str], place: str, path: str, token: str) -> int:
    return requests.get(f"{urls[place]}/api/{place}{path}", headers=_bearer(token), timeout=10).status_code


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


if __name__ == "__main__":
    sys.exit(main())
