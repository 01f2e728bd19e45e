"""``onewindow events`` and ``onewindow trace``: look after events by hand."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from chassis import history
from chassis.cli.database import database_of
from chassis.publisher import BrokerLost, open_publisher
from chassis.services import service_names, whole_topology

console = Console()


@click.group()
def events() -> None:
    """Dead and parked events; filling a queue from the history."""


@events.command("list")
@click.option("--service", "only", multiple=True, help="Only this service (may be repeated).")
@click.option("--all", "settled", is_flag=True, help="Also what was replayed or discarded.")
def list_(only: tuple[str, ...], settled: bool) -> None:
    """Dead events, and deliveries that wait for another try."""
    table = Table("id", "state", "queue", "event", "case", "tries", "reason or next try")
    for name in only or service_names():
        with database_of(name) as database:
            for row in history.dead(database, settled=settled):
                table.add_row(
                    f"{name}/{row.id}",
                    row.settled or "dead",
                    row.queue,
                    row.type or "?",
                    row.case_id or "",
                    str(row.attempts),
                    f"{row.reason}: {row.error[:80]}",
                )
            for row in history.parked(database):
                tries = (row.headers or {}).get("onewindow-attempts", 0)
                table.add_row(
                    "",
                    "parked",
                    row.queue,
                    row.type,
                    row.case_id or "",
                    str(tries),
                    f"{row.due_at:%m-%d %H:%M:%S}Z",
                )
    if table.row_count:
        console.print(table)
        console.print("next: `onewindow events show ID`, then `replay ID` or `discard ID`")
    else:
        console.print("no dead event, nothing parked")


@events.command()
@click.argument("identifier", metavar="ID")
def show(identifier: str) -> None:
    """One dead event whole: error and body. ID as `list` prints it (service/number)."""
    name, number = _split(identifier)
    with database_of(name) as database:
        row = next((r for r in history.dead(database, settled=True) if r.id == number), None)
    if row is None:
        raise click.ClickException(f"no dead event {identifier}")
    click.echo(f"{row.queue} · {row.reason} after {row.attempts} tries · {row.dead_at:%Y-%m-%d %H:%M:%S}Z")
    click.echo(row.error)
    try:
        click.echo(json.dumps(json.loads(row.body), ensure_ascii=False, indent=2))
    except ValueError:
        click.echo(repr(bytes(row.body)))


@events.command()
@click.argument("identifiers", metavar="ID...", nargs=-1, required=True)
def replay(identifiers: tuple[str, ...]) -> None:
    """Put dead events back into their queues."""
    _settle(identifiers, "replay", history.replay)


@events.command()
@click.argument("identifiers", metavar="ID...", nargs=-1, required=True)
def discard(identifiers: tuple[str, ...]) -> None:
    """Give dead events up. Their bodies stay for the record."""
    _settle(identifiers, "discard", history.discard)


@events.command()
@click.argument("queue")
@click.option(
    "--from",
    "since",
    required=True,
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="From then on, UTC.",
)
@click.option("--rate", default=500, show_default=True, help="Events per second at most.")
def backfill(queue: str, since: datetime, rate: int) -> None:
    """Fill QUEUE from the services' event logs, in order, addressed to that queue alone."""
    bindings = whole_topology().queues.get(queue)
    if bindings is None:
        raise click.ClickException(f"no subscription is named {queue}: see `onewindow topology show`")
    publisher = open_publisher(os.environ.get("ONEWINDOW_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672//"))
    sent = 0
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=console) as progress:
        task = progress.add_task("")
        try:
            for name in service_names():
                with database_of(name) as database:
                    filled = history.backfill(
                        database, publisher, queue, bindings, since.replace(tzinfo=UTC), rate
                    )
                    for count in filled:
                        sent += count
                        progress.update(task, description=f"{sent} events from {name}")
        except (BrokerLost, RuntimeError) as error:
            raise click.ClickException(f"{sent} events sent, then: {error}") from error
    console.print(f"{sent} events sent to {queue}")


@click.command()
@click.argument("case")
def trace(case: str) -> None:
    """One application's way through all services, each event with its delay. CASE is its number."""
    steps = []
    for name in service_names():
        with database_of(name) as database:
            steps += history.steps_of_case(database, case)
    if not steps:
        click.echo(f"no service has said anything about {case}", err=True)
        sys.exit(1)
    steps.sort(key=lambda s: (s.time, s.source, s.sequence))
    table = Table("time (UTC)", "since start", "event", "department", "left after")
    for step in steps:
        left = "waiting" if step.logged_at is None else _ms(step.logged_at - step.time)
        table.add_row(
            f"{step.time:%m-%d %H:%M:%S.%f}"[:-3],
            _ms(step.time - steps[0].time),
            f"{step.type} #{step.sequence}",
            step.department or "",
            left,
        )
    console.print(table)


def _settle(identifiers: tuple[str, ...], word: str, action: object) -> None:
    failed = False
    for identifier in identifiers:
        name, number = _split(identifier)
        with database_of(name) as database, database.transaction() as uow:
            done = action(uow, number)  # type: ignore[operator]
        click.echo(
            f"{identifier}: {word}{'ed' if done and word != 'replay' else ''}"
            if done
            else f"{identifier}: no open dead event"
        )
        failed |= not done
    sys.exit(1 if failed else 0)


def _split(identifier: str) -> tuple[str, int]:
    name, _, number = identifier.partition("/")
    if not number.isdigit():
        raise click.BadParameter("an id looks like intake/12: see `onewindow events list`")
    return name, int(number)


def _ms(duration: timedelta) -> str:
    return f"{duration.total_seconds() * 1000:.0f} ms"
