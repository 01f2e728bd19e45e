"""``onewindow department``: departments that take part over the broker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from chassis.cli.topology import API_HELP
from chassis.departments import Departments, NotProvisioned, user_of

api_option = click.option("--api", envvar="ONEWINDOW_BROKER_API", required=True, help=API_HELP)


@click.group()
def department() -> None:
    """Departments' users on the broker, their queues and what they may do."""


@department.command()
@click.argument("codes", metavar="CODE...", nargs=-1, required=True)
@api_option
def add(codes: tuple[str, ...], api: str) -> None:
    """Make CODE's user, queue, history and permissions. Doing so again repairs and keeps the password."""
    with _said_clearly():
        passwords = Departments(api).add(codes)
    for code in codes:
        if code in passwords:
            click.echo(f"{user_of(code)} {passwords[code]}")
        else:
            click.echo(f"{user_of(code)} stands, its password unchanged; a new one: department rotate {code}")
    if passwords:
        click.echo("passwords are shown this once: hand them over now", err=True)


@department.command()
@click.argument("code")
@api_option
def show(code: str, api: str) -> None:
    """What stands of CODE on the broker."""
    with _said_clearly():
        found = Departments(api).show(code)
    click.echo(found["user"])
    for kind, pattern in found["permissions"].items():
        click.echo(f"  {kind} {pattern}")
    for exchange, allowed in sorted(found["topics"].items()):
        click.echo(f"  {exchange}: publish {allowed['write']} · bind {allowed['read']}")
    for queue, keys in found["queues"].items():
        click.echo(f"  {queue} ← {', '.join(keys)}")


@department.command()
@click.argument("code")
@api_option
def rotate(code: str, api: str) -> None:
    """Give CODE a new password; connections with the old one end."""
    with _said_clearly():
        click.echo(f"{user_of(code)} {Departments(api).rotate(code)}")
    click.echo("the password is shown this once: hand it over now", err=True)


@department.command()
@click.argument("code")
@click.option("--with-queues", is_flag=True, help="Also delete its queue and history, and what is in them.")
@api_option
def remove(code: str, with_queues: bool, api: str) -> None:
    """Take CODE's user away. Its queue and history stay unless --with-queues."""
    with _said_clearly():
        Departments(api).remove(code, with_queues=with_queues)
    click.echo(f"{user_of(code)} is gone" + (", with its queues" if with_queues else "; its queues stand"))


@contextmanager
def _said_clearly() -> Iterator[None]:
    try:
        yield
    except NotProvisioned as error:
        raise click.ClickException(str(error)) from None
