"""The ``onewindow`` command. Each group lives in a module of its own, imported when it is called."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import click

GROUPS = {
    "run": "chassis.cli.run:run",
    "migrate": "chassis.cli.database:migrate",
    "load": "chassis.cli.database:load",
    "topology": "chassis.cli.topology:topology",
    "events": "chassis.cli.events:events",
    "trace": "chassis.cli.events:trace",
    "projection": "chassis.cli.projection:projection",
    "time": "chassis.cli.time:time",
    "openapi": "chassis.cli.openapi:openapi",
}


class LazyGroup(click.Group):
    """Imports a command's module only when it is wanted: some must patch the process first."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(GROUPS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in GROUPS:
            return None
        # eventlet announces its own end of life at import; an operator can do nothing about it
        warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
        module, _, attribute = GROUPS[name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main(**_: Any) -> None:
    """One Window 一窗通: run the platform, look after its events, its broker and its databases."""
