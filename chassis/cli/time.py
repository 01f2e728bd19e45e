"""``onewindow time``: due dates that wait, and the breaker that holds them back."""

from __future__ import annotations

from datetime import timedelta

import click
from sqlalchemy import case, func, select

from chassis import tables
from chassis.cli.database import database_of
from chassis.services import service_names
from chassis.timerows import RELEASED, release_breaker


@click.group()
def time() -> None:
    """Due dates: reminders, time limits, silence."""


@time.command()
def show() -> None:
    """How many rows of each kind wait, how many are due, when the next one is."""
    row = tables.time_row.c
    for name in service_names():
        with database_of(name) as database, database.read() as session:
            overdue = func.sum(case((row.due_at <= database.now(session), 1), else_=0))
            waiting = (
                select(row.kind, func.count(), overdue, func.min(row.due_at))
                .where(row.done_at.is_(None), row.kind.not_like(RELEASED + "%"))
                .group_by(row.kind)
                .order_by(row.kind)
            )
            for kind, count, due, first in session.execute(waiting):
                click.echo(f"{kind}: {count} waiting, {due} due, next {first:%Y-%m-%d %H:%M}Z")


@time.command()
@click.argument("kind")
@click.option("--minutes", default=60, show_default=True, help="For how long.")
def release(kind: str, minutes: int) -> None:
    """Act on all due rows of KIND although they are many: the clock is right."""
    with database_of(kind.split(".", 1)[0]) as database, database.transaction() as uow:
        release_breaker(uow, kind, uow.now + timedelta(minutes=minutes))
    click.echo(f"{kind}: released for {minutes} minutes")
