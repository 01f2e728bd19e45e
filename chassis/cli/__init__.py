"""The ``onewindow`` command. Each group lives in a module of its own, imported when it is called.

A service adds commands by a module ``commands`` with ``COMMANDS``, click commands by name.
"""

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
    "department": "chassis.cli.department:department",
    "events": "chassis.cli.events:events",
    "trace": "chassis.cli.events:trace",
    "projection": "chassis.cli.projection:projection",
    "time": "chassis.cli.time:time",
    "seed": "demo.seed.command:seed",
    "openapi": "chassis.cli.openapi:openapi",
    "keys": "chassis.cli.keys:keys",
    "audit": "chassis.cli.audit:audit",
    "access": "chassis.cli.openapi:access",
}


class LazyGroup(click.Group):
    """Imports a command's module only when it is wanted: some must patch the process first."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted([*GROUPS, *_of_services()])

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in GROUPS:
            return _of_services().get(name)
        # eventlet announces its own end of life at import; an operator can do nothing about it
        warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
        module, _, attribute = GROUPS[name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


def _of_services() -> dict[str, click.Command]:
    """What services add."""
    from chassis.services import part, service_names

    modules = filter(None, (part(name, "commands") for name in service_names()))
    return {name: command for module in modules for name, command in module.COMMANDS.items()}


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main(**_: Any) -> None:
    """One Window 一窗通: run the platform, look after its events, its broker and its databases."""
