"""``onewindow openapi``: each service's HTTP interface as a document."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from chassis.config import Config
from chassis.services import app_factory, service_names


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def openapi(folder: Path) -> None:
    """Write FOLDER/<service>.json (OpenAPI 3.1) for every service with an interface."""
    folder.mkdir(parents=True, exist_ok=True)
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
            text = json.dumps(response.get_json(), ensure_ascii=False, indent=2, sort_keys=True)
            (folder / f"{name}.json").write_text(text + "\n")
            click.echo(f"{folder / name}.json")
