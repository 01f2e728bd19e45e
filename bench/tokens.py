"""``python -m bench.tokens``: what the check of an access token costs a service; one JSON line.

``cold``: a token seen for the first time (signature and claims); ``cached``: seen before. Both ask for its
key and for revocations, of which there are as many as given, as every request does.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from chassis.auth import Caller, Verifier
from chassis.database import Database
from chassis.fakes.database import envelope, memory_database
from chassis.fakes.web import Mint
from chassis.trust import Keyring, keep
from contracts.identity import TokensRevoked

MOST_MS = 0.2


def main() -> int:
    """Exit status 0 when both medians are below 0.2 ms."""
    parser = argparse.ArgumentParser(prog="python -m bench.tokens", description=__doc__)
    parser.add_argument("--tokens", type=int, default=2000, help="different tokens, each once cold")
    parser.add_argument("--revoked", type=int, default=1000, help="accounts that signed out everywhere")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="onewindow-bench-") as folder:
        database, mint = memory_database("notes", Path(folder)), Mint()
        mint.install(database)
        _revoke(database, arguments.revoked)
        verifier = Verifier(Keyring(database))
        tokens = [mint.token(f"account-{n}", roles=["officer"]) for n in range(arguments.tokens)]
        verifier.verify(mint.token("warm-up"))
        line = {"tokens": arguments.tokens, "revoked": arguments.revoked}
        medians = []
        for name in ("cold", "cached"):
            times = _times(verifier.verify, tokens)
            medians.append(times[len(times) // 2])
            line |= {f"{name}_p{p}_ms": round(times[len(times) * p // 100], 4) for p in (50, 95, 99)}
        database.close()
    print(json.dumps(line))
    return 0 if max(medians) < MOST_MS else 1


def _times(verify: Callable[[str], Caller], tokens: Iterable[str]) -> list[float]:
    """Milliseconds of each check, sorted."""
    found = []
    for token in tokens:
        started = time.perf_counter()
        verify(token)
        found.append((time.perf_counter() - started) * 1000)
    return sorted(found)


def _revoke(database: Database, count: int) -> None:
    with database.transaction() as uow:
        events = [TokensRevoked(account_id=f"gone-{n}", not_before=uow.now) for n in range(count)]
        keep([envelope(e, sequence=n + 1, time=uow.now) for n, e in enumerate(events)], uow)


if __name__ == "__main__":
    sys.exit(main())
