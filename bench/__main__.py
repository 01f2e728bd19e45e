"""``python -m bench``: the distributed platform under load; one JSON line a run."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bench.load import Load
from bench.usage import cpu_seconds, rss_mb
from deploy.local.stack import Stack

RESULTS = Path(__file__).parent / "results.jsonl"
BRANCHES = 3
FINISH_WITHIN_S = 120

console = Console(stderr=True)


def main() -> int:
    """Exit status 0 when nothing was lost or refused."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--applications", type=int, default=2000, help="how many in the saturating run")
    parser.add_argument("--rates", type=float, nargs="*", default=[20.0], help="runs at these rates a second")
    parser.add_argument("--seconds", type=float, default=20, help="length of a run at a fixed rate")
    parser.add_argument("--keep", action="store_true", help=f"append the lines to {RESULTS.name}")
    arguments = parser.parse_args()
    lines = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="onewindow-bench-") as folder:
        stack = Stack(Path(folder))
        with console.status("starting the platform on RabbitMQ and PostgreSQL"):
            stack.start(web={"intake": 2})
        try:
            _run(stack, Path(folder), "warm-up", 100, None)
            lines.append(_run(stack, Path(folder), "saturating", arguments.applications, None))
            for rate in arguments.rates:
                total = int(rate * arguments.seconds)
                lines.append(_run(stack, Path(folder), f"{rate:g}/s", total, rate))
        finally:
            stack.stop()
    for line in lines:
        print(json.dumps(line), flush=True)
    if arguments.keep:
        facts = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "cores": os.cpu_count()}
        facts |= {"machine": platform.machine(), "python": platform.python_version()}
        with RESULTS.open("a") as file:
            file.writelines(json.dumps(facts | line) + "\n" for line in lines)
    return 1 if any(line["lost"] or line["refused"] for line in lines) else 0


def _run(stack: Stack, folder: Path, mode: str, total: int, rate: float | None) -> dict[str, Any]:
    result = folder / "offices.json"
    command = [sys.executable, "-m", "bench.offices", stack.broker_url, str(stack.departments), str(result)]
    offices = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert offices.stdout is not None
    offices.stdout.readline()
    _await_quiet(stack)
    groups = _groups(stack) | {"driver": [os.getpid(), offices.pid]}
    before, cpu_before = _counters(stack), cpu_seconds(groups)
    load = Load(stack.urls, total, rate)
    with Progress(
        TextColumn(mode),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[word]}"),
        console=console,
    ) as progress:
        task = progress.add_task(mode, total=total, word="filed")
        load.run(lambda count: progress.update(task, completed=count))
        progress.update(task, word="waiting for the last decisions")
        _await_decisions(stack, before, len(load.filed))
    cpu, memory, after = cpu_seconds(groups), rss_mb(groups), _counters(stack)
    offices.send_signal(signal.SIGTERM)
    offices.wait(30)
    return _line(mode, load, json.loads(result.read_text()), before, after, cpu_before, cpu, memory)


def _groups(stack: Stack) -> dict[str, list[int]]:
    """Process ids by what the figures tell apart."""
    groups: dict[str, list[int]] = {"broker": [], "postgres": [], "web": [], "workers": []}
    for name, pids in stack.pids().items():
        known = {"rabbitmq": "broker", "postgresql": "postgres"}
        groups[known.get(name, "workers" if ".worker" in name else "web")] += pids
    return groups


def _await_quiet(stack: Stack) -> None:
    """Until the run before is over for everybody: followers go on for a while after the last decision."""
    end, last = time.monotonic() + FINISH_WITHIN_S, -1.0
    while (now := _counters(stack)["deliveries"]) != last and time.monotonic() < end:
        last = now
        time.sleep(2)


def _await_decisions(stack: Stack, before: Mapping[str, float], filed: int) -> None:
    """Until all are decided, or nothing was decided for a while."""
    end = time.monotonic() + FINISH_WITHIN_S
    while time.monotonic() < end:
        if _counters(stack)["decided"] - before["decided"] >= filed:
            return
        time.sleep(0.2)


def _counters(stack: Stack) -> dict[str, float]:
    totals = dict.fromkeys(("events", "deliveries", "duplicates", "decided"), 0.0)
    for url in stack.metrics_urls:
        for line in requests.get(url, timeout=10).text.splitlines():
            name, _, value = line.rpartition(" ")
            if name.startswith("onewindow_events_published_total"):
                totals["events"] += float(value)
                if 'event="approval.case_decided"' in name:
                    totals["decided"] += float(value)
            elif name.startswith("onewindow_event_deliveries_total"):
                totals["deliveries"] += float(value)
                if 'outcome="duplicate"' in name:
                    totals["duplicates"] += float(value)
    return totals


def _line(
    mode: str,
    load: Load,
    notes: Mapping[str, Any],
    before: Mapping[str, float],
    after: Mapping[str, float],
    cpu_before: Mapping[str, float],
    cpu: Mapping[str, float],
    memory: Mapping[str, float],
) -> dict[str, Any]:
    opened = sorted(
        (max(notes["opened"][n]) - at) * 1000
        for n, at in load.filed.items()
        if len(notes["opened"].get(n, ())) >= BRANCHES
    )
    decided = {n: notes["decided"][n] for n in load.filed if n in notes["decided"]}
    decision = sorted((at - load.filed[n]) * 1000 for n, at in decided.items())
    seconds = max(decided.values()) - min(load.filed.values()) if decided else 0.0
    line: dict[str, Any] = {
        "mode": mode,
        "applications": len(load.filed),
        "seconds": round(seconds, 2),
        "per_second": round(len(decided) / seconds, 1) if seconds > 0 else 0,
        **_percentiles("", decision),
        **_percentiles("opened_", opened),
        **_percentiles("http_", sorted(load.answered_ms)),
    }
    for name in ("events", "deliveries", "duplicates"):
        line[name] = int(after[name] - before[name])
    line["lost"] = len(load.filed) - len(decided)
    line["refused"] = len(load.refused)
    line["cpu"] = _own({name: cpu[name] - cpu_before[name] for name in cpu})
    line["rss_mb"] = _own(memory)
    return line


def _own(figures: Mapping[str, float]) -> dict[str, float]:
    """The driver started everything else, so its family's figure holds theirs too."""
    others = sum(value for name, value in figures.items() if name != "driver")
    return {n: round(v - others if n == "driver" else v, 2) for n, v in figures.items()}


def _percentiles(prefix: str, values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    last = len(values) - 1
    return {f"{prefix}p{p}_ms": round(values[min(last, len(values) * p // 100)], 1) for p in (50, 95, 99)}


if __name__ == "__main__":
    sys.exit(main())
