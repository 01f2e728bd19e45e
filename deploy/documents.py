"""Documents made from the code: ``python -m deploy.documents asyncapi [--accept]``.

Writes docs/asyncapi.yaml, the department kit's classes, and a snapshot of each new event into
contracts/snapshots. A snapshot that
exists is what others rely on: it is replaced only with ``--accept``, after the change was found additive
or everyone affected has agreed.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import click
import yaml

from contracts import all_events
from contracts.asyncapi import document
from contracts.schema import Schema, event_schema
from deploy import department_events

ROOT = Path(__file__).resolve().parent.parent
ASYNCAPI = ROOT / "docs" / "asyncapi.yaml"
SNAPSHOTS = ROOT / "contracts" / "snapshots"
KIT_EVENTS = ROOT / "departments" / "onewindow_department" / "events.py"


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def asyncapi_yaml() -> str:
    """The AsyncAPI document as YAML, the same for the same contracts."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return yaml.dump(document(version), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)


def snapshots(folder: Path = SNAPSHOTS) -> dict[str, Schema]:
    """The schema of each event as others know it, by event type."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def write_snapshots(folder: Path = SNAPSHOTS, *, accept: bool = False) -> list[str]:
    """Write the snapshots of new events; with ``accept`` of all, dropping those of events that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    events = all_events()
    known = snapshots(folder)
    if accept:
        for gone in known.keys() - events.keys():
            (folder / f"{gone}.json").unlink()
        known = {}
    written = [event_type for event_type in events if event_type not in known]
    for event_type in written:
        text = json.dumps(event_schema(events[event_type]), indent=2, ensure_ascii=False)
        (folder / f"{event_type}.json").write_text(text + "\n")
    return written


@click.group()
def main() -> None:
    """Write the documents that are made from the code."""


@main.command()
@click.option("--accept", is_flag=True, help="Replace the snapshots of events that have changed.")
def asyncapi(accept: bool) -> None:
    """Write docs/asyncapi.yaml and the snapshots of new events."""
    ASYNCAPI.write_text(asyncapi_yaml())
    click.echo(f"wrote {ASYNCAPI.relative_to(ROOT)} and {len(write_snapshots(accept=accept))} snapshots")
    KIT_EVENTS.write_text(department_events.source(snapshots()))


if __name__ == "__main__":
    main()
