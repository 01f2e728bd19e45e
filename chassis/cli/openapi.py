"""``onewindow openapi``, ``onewindow access``: each HTTP interface as a document, and who may use it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from chassis.access_table import access_table
from chassis.config import Config
from chassis.services import app_factory, service_names


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """The OpenAPI document of every service that has an interface."""
    for name in service_names():
        factory = app_factory(name)
        if factory is None:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            config = Config(
                service=name,
                database_url=f"sqlite:///{scratch}/{name}.sqlite",
                broker_url="memory://",
                master_key=bytes(32),
            )
            response = factory(config).test_client().get(f"/api/{name}/openapi.json")
        if response.status_code == 200:
            yield name, response.get_json()


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def openapi(folder: Path) -> None:
    """Write FOLDER/<service>.json (OpenAPI 3.1) for every service with an interface."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in documents():
        text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True)
        (folder / f"{name}.json").write_text(text + "\n")
        click.echo(f"{folder / name}.json")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default="docs/access.md")
def access(file: Path) -> None:
    """Write who may call what, of all services, as a table (default: docs/access.md)."""
    file.write_text(access_table(dict(documents())), encoding="utf-8")
    click.echo(str(file))
