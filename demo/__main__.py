"""``python -m demo``: start the platform, file two packages, let the departments answer, show it all."""

from __future__ import annotations

import argparse
import io
import json
import random
import re
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import requests
from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from demo.cases import FollowedCase
from demo.client import Client
from demo.departments import Department
from demo.platform import Platform

FILINGS = (("shenjiahe", "new-company"), ("heji", "open-restaurant"))
DEPARTMENTS = ("SJ", "GA", "SW", "RS", "GJ", "XF", "CG", "ZJ", "GS")
DEADLINE_S = 60
REFRESH_S = 0.1
MARKS = {
    "waiting": "○",
    "open": "◐",
    "claimed": "◐",
    "answered": "●",
    "silent": "●",
    "suspended": "▲",
    "dropped": "■",
}

console = Console()


def main() -> int:
    """Exit status 0 when both packages were decided and closed, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=Path("var/demo"), help="folder of the platform, emptied first"
    )
    parser.add_argument(
        "--report", type=Path, default=Path("var/demo.json"), help="where the result is written"
    )
    parser.add_argument("--picture", type=Path, help="also draw the end of it as SVG")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.data, ignore_errors=True)
    arguments.report.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with console.status("starting the platform: all services in one process"):
        platform = Platform(arguments.data).start()
    try:
        console.print(
            f"[bold]一窗通 One Window[/] is up after {platform.seconds_to_ready:.1f} s on {platform.url}\n"
        )
        cases, failures = _play(platform)
        figures = _figures(platform)
    finally:
        platform.stop()
    report = {
        "applications": [case.report() for case in cases],
        "events": figures["events"],
        "duplicates": figures["duplicates"],
        "seconds": round(time.monotonic() - started, 2),
    }
    arguments.report.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    table = _result_table(cases)
    console.print(table)
    if arguments.picture:
        _draw(arguments.picture, cases, table)
    console.print(
        f"{report['events']} events, {report['duplicates']} duplicates, {report['seconds']} s"
        f" · {arguments.report}"
    )
    console.print("next: `make run`, then open the address it prints")
    for failure in failures:
        console.print(f"[red]{failure}[/]")
    return 0 if all(case.finished for case in cases) and not failures else 1


def _play(platform: Platform) -> tuple[list[FollowedCase], list[str]]:
    departments = [Department(platform.urls, code, lambda: random.uniform(0.3, 1.5)) for code in DEPARTMENTS]
    for department in departments:
        department.start()
    cases = [FollowedCase.file(Client(platform.urls, login), procedure) for login, procedure in FILINGS]
    deadline = time.monotonic() + DEADLINE_S
    with Live(console=console, refresh_per_second=10) as live:
        while time.monotonic() < deadline:
            for case in cases:
                case.look()
            live.update(Columns([_panel(case) for case in cases], equal=True, expand=True))
            if all(case.finished for case in cases) or any(d.failure for d in departments):
                break
            time.sleep(REFRESH_S)
    for department in departments:
        department.stop()
    return cases, [f"{d.name}: {d.failure}" for d in departments if d.failure]


def _draw(picture: Path, cases: Sequence[FollowedCase], table: Table) -> None:
    paper = Console(record=True, width=132, file=io.StringIO())
    paper.print(Columns([_panel(case) for case in cases], equal=True, expand=True))
    paper.print(table)
    picture.parent.mkdir(parents=True, exist_ok=True)
    svg = paper.export_svg(title="make demo")
    # Chinese characters are twice as wide as the lengths rich gives; web fonts would be fetched from outside.
    for unwanted in (r' textLength="[^"]*"', r"<!--.*?-->", r"@font-face \{.*?\}"):
        svg = re.sub(unwanted, "", svg, flags=re.DOTALL)
    picture.write_text("\n".join(line for line in svg.splitlines() if line.strip()) + "\n")


def _panel(case: FollowedCase) -> Panel:
    lanes = Table.grid(padding=(0, 1))
    for branch in case.state["branches"]:
        lanes.add_row(
            MARKS[branch["status"]],
            branch["department_name"]["zh"],
            branch["title"]["zh"],
            branch["status"],
        )
    lines = [
        Text(f"+{ms:>5} ms  {event:<28} {where}", no_wrap=True, overflow="ellipsis")
        for ms, event, where in case.timeline()
    ]
    head = Text(
        f"{case.state['stage']['zh']} · 已答复 {case.state['answered']}/{case.state['required']}",
        style="bold",
    )
    return Panel(
        Group(head, lanes, Text(""), *lines),
        title=f"{case.title} {case.application_no}",
        border_style="green" if case.finished else "cyan",
    )


def _result_table(cases: Sequence[FollowedCase]) -> Table:
    table = Table(
        "办件", "部门", "事项", "方式", "开启 +ms", "答复 +ms", "结果", title="办结", title_justify="left"
    )
    for case in cases:
        for branch in case.state["branches"]:
            table.add_row(
                case.application_no,
                branch["department_name"]["zh"],
                branch["title"]["zh"],
                branch["kind"],
                str(case.ms(branch["opened_at"])),
                str(case.ms(branch["answered_at"])),
                branch["answer"] or branch["status"],
            )
        table.add_row("", "", "", "", "", "", f"[bold]{case.state['outcome']}[/]", end_section=True)
    return table


def _figures(platform: Platform) -> dict[str, int]:
    """Events published and duplicate deliveries, from the platform's own metrics."""
    text = requests.get(f"{platform.url}/metrics", timeout=10).text
    events = duplicates = 0.0
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if name.startswith("onewindow_events_published_total"):
            events += float(value)
        elif name.startswith("onewindow_event_deliveries_total") and 'outcome="duplicate"' in name:
            duplicates += float(value)
    return {"events": int(events), "duplicates": int(duplicates)}


if __name__ == "__main__":
    sys.exit(main())
