"""``onewindow ca``: the city's test authority and the keys departments seal with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from chassis.config import Config
from services.approval.licences.authority import AlreadyThere, Authority, NoAuthority, UnknownKey


@click.group()
def ca() -> None:
    """The city's test authority, in ONEWINDOW_KEYS_FOLDER. What its keys seal is a sample 样例."""


@ca.command()
@click.argument("city")
def init(city: str) -> None:
    """Make the authority of CITY (its Chinese name), and an empty list of revoked keys."""
    with _told():
        _authority().init(city)
    click.echo(str(_authority().folder / "ca.crt"))


@ca.command()
@click.argument("department")
@click.argument("name")
def issue(department: str, name: str) -> None:
    """Make a key for DEPARTMENT (its code), whose Chinese NAME stands on the seal. An earlier key stays good
    for what it has sealed."""
    with _told():
        number = _authority().issue(department, name)
    click.echo(f"{_authority().folder / department}.p12: {number:x}")


@ca.command()
@click.argument("which")
def revoke(which: str) -> None:
    """End the keys of a department, or the one key with this number: what was sealed before stays valid."""
    with _told():
        ended = _authority().revoke(which)
    click.echo("\n".join(ended))


@ca.command()
def crl() -> None:
    """Write the list of revoked keys anew; it is good for a year."""
    with _told():
        _authority().renew_crl()
    click.echo(str(_authority().folder / "ca.crl"))


COMMANDS: dict[str, click.Command] = {"ca": ca}


def _authority() -> Authority:
    config = Config.from_env("approval")
    return Authority(config.keys_folder, config.public_url)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except AlreadyThere as error:
        raise click.ClickException(f"{error} holds an authority already") from None
    except UnknownKey as error:
        raise click.ClickException(f"no key of or numbered {error} that isn't revoked") from None
    except NoAuthority as error:
        raise click.ClickException(str(error)) from None
