"""``python -m services.identity COMMAND``: what an operator does to identity by hand."""

from __future__ import annotations

import secrets
import sys

import click

from chassis.cli.audit import report
from chassis.cli.database import database_of
from services.identity import handlers, keys, passwords, queries
from services.identity.client_commands import client
from services.identity.domain import InvalidAccount, UnknownMember

OPERATOR = "operator"
"""Who acts in the audit when it was done by a command."""


@click.group()
def main() -> None:
    """Identity's keys, the first account, and clients of the OpenID provider."""


main.add_command(client)


@main.group()
def audit() -> None:
    """Who read and who did what."""


@audit.command()
@click.option("--from", "since", default=1, show_default=True, help="Begin at this position.")
@click.option("--kept", multiple=True, metavar="TRAIL:POSITION:HASH", help="A hash kept elsewhere.")
def verify(since: int, kept: tuple[str, ...]) -> None:
    """Find every changed, removed or inserted row; exit status 1 if there is one."""
    sys.exit(0 if report(["identity"], since, kept) else 1)


@main.command()
def rotate_keys() -> None:
    """Publish a new signing key now; the old one is accepted until the last token it signed is over."""
    with database_of("identity") as database, database.transaction() as uow:
        keys.rotate(uow)
    click.echo(f"a new key signs in {keys.LEAD.total_seconds() / 60:.0f} minutes")


@main.command()
@click.argument("login")
@click.argument("name")
@click.argument("department")
def add_administrator(login: str, name: str, department: str) -> None:
    """Open an account of a platform administrator, who opens all others; its password is shown once and
    has to be changed at the first sign-in."""
    password = secrets.token_urlsafe(15)
    hashed = passwords.hash_now(password)
    with database_of("identity") as database:
        try:
            with database.transaction() as uow:
                handlers.open_account(
                    login=login,
                    password_hash=hashed,
                    kind="staff",
                    display_name=name,
                    department=department,
                    roles=["platform_admin"],
                    has_initial_password=True,
                    uow=uow,
                )
        except InvalidAccount as invalid:
            raise click.ClickException(f"not opened: {invalid}") from None
    click.echo(f"{login}: {password}\nThe password is shown this once.")


@main.command()
@click.argument("login")
def reset_second_factor(login: str) -> None:
    """For somebody whose phone and recovery codes are gone, when no security administrator can be reached."""
    with database_of("identity") as database, database.transaction() as uow:
        found = queries.login(login, uow.session)
        if found is None:
            raise click.ClickException(f"no account {login}")
        try:
            handlers.reset_second_factor(found.account_id, OPERATOR, uow)
        except handlers.NothingToReset:
            raise click.ClickException(f"{login} has no second factor") from None
        except UnknownMember:
            raise click.ClickException(f"{login} is not staff") from None
    click.echo(f"{login}: signed out; takes up another second factor at the next sign-in")


if __name__ == "__main__":
    main(prog_name="python -m services.identity")
