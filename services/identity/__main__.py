"""``python -m services.identity COMMAND``: what an operator does to identity by hand."""

from __future__ import annotations

import secrets

import click

from chassis.cli.database import database_of
from services.identity import handlers, keys, passwords
from services.identity.client_commands import client
from services.identity.domain import InvalidAccount


@click.group()
def main() -> None:
    """Identity's keys, the first account, and clients of the OpenID provider."""


main.add_command(client)


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
    """Open an account of a platform administrator, who opens all others; its password is shown once."""
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
                    uow=uow,
                )
        except InvalidAccount as invalid:
            raise click.ClickException(f"not opened: {invalid}") from None
    click.echo(f"{login}: {password}\nThe password is shown this once.")


if __name__ == "__main__":
    main(prog_name="python -m services.identity")
