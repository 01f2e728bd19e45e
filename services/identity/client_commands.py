"""``python -m services.identity client …``: the systems people sign in to through here, and machines."""

from __future__ import annotations

import click

from chassis.cli.database import database_of
from services.identity.domain import InvalidAccount
from services.identity.domain.clients import Client, InvalidClient
from services.identity.handlers import clients


@click.group()
def client() -> None:
    """Clients of the OpenID provider: added, shown, given a new secret, removed."""


@client.command()
@click.argument("client_id")
@click.argument("name")
@click.option("--name-en", default="", help="Its name in English.")
@click.option("--redirect", multiple=True, help="Where people come back to, exactly; repeat for more.")
@click.option("--post-logout", multiple=True, help="Where people may go after signing out.")
@click.option("--backchannel", help="Where it hears that somebody has signed out.")
@click.option("--scope", multiple=True, help="openid, profile, firm; a machine's: onewindow and others.")
@click.option("--first-party", is_flag=True, help="Part of the platform: nobody is asked for consent.")
@click.option("--public", "is_public", is_flag=True, help="An app on people's devices: it has no secret.")
@click.option(
    "--machine", "department", metavar="DEPARTMENT", help="A machine of this department (its code)."
)
def add(
    client_id: str,
    name: str,
    name_en: str,
    redirect: tuple[str, ...],
    post_logout: tuple[str, ...],
    backchannel: str | None,
    scope: tuple[str, ...],
    first_party: bool,
    is_public: bool,
    department: str | None,
) -> None:
    """Register a client; its secret is shown this once and kept as a hash."""
    with database_of("identity") as database:
        try:
            with database.transaction() as uow:
                secret = clients.add_client(
                    client_id=client_id,
                    name=name,
                    name_en=name_en,
                    redirect_uris=redirect,
                    logout_uris=post_logout,
                    backchannel_uri=backchannel,
                    scopes=scope,
                    first_party=first_party,
                    is_public=is_public,
                    department=department,
                    uow=uow,
                )
        except (InvalidClient, InvalidAccount) as invalid:
            raise click.ClickException(f"not registered: {invalid}") from None
    _say(client_id, secret)


@client.command(name="list")
def list_() -> None:
    """All clients, one a line."""
    with database_of("identity") as database, database.read() as session:
        for found in clients.all_clients(session):
            click.echo(f"{found.client_id:<32} {_kind(found):<12} {found.name['zh']}")


@client.command()
@click.argument("client_id")
def show(client_id: str) -> None:
    """What is known of a client, its secret aside."""
    with database_of("identity") as database, database.read() as session:
        found = clients.find_client(client_id, session, database.config)
        if found is None:
            raise click.ClickException(f"no client {client_id}")
        lines = {
            "name": f"{found.name['zh']} / {found.name['en']}",
            "kind": _kind(found),
            "scopes": " ".join(found.scopes),
            "redirect": " ".join(found.redirect_uris),
            "post-logout": " ".join(found.logout_uris),
            "backchannel": found.backchannel_uri or "",
            "account": found.account_id or "",
        }
    click.echo(found.client_id)
    for title, value in lines.items():
        if value:
            click.echo(f"  {title:<12} {value}")


@client.command()
@click.argument("client_id")
def rotate(client_id: str) -> None:
    """A new secret, shown this once; the old one counts no more."""
    with database_of("identity") as database:
        try:
            with database.transaction() as uow:
                secret = clients.rotate_secret(client_id, uow)
        except LookupError as unknown:
            raise click.ClickException(str(unknown)) from None
    _say(client_id, secret)


@client.command()
@click.argument("client_id")
def remove(client_id: str) -> None:
    """Forget a client: nobody signs in to it any more, its refresh tokens end."""
    with database_of("identity") as database:
        try:
            with database.transaction() as uow:
                clients.remove_client(client_id, uow)
        except LookupError as unknown:
            raise click.ClickException(str(unknown)) from None
    click.echo(f"{client_id} is removed")


def _kind(found: Client) -> str:
    if found.is_machine:
        return "machine"
    return "first party" if found.first_party else "public" if found.secret_hash is None else "third party"


def _say(client_id: str, secret: str | None) -> None:
    shown = "has no secret" if secret is None else f"{secret}\nThe secret is shown this once."
    click.echo(f"{client_id}: {shown}")
