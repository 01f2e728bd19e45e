"""Registries that say whether a name and a number belong together: the interface, and the sandbox's own.

The real ones (population, enterprises) are adapters of the same shape; `registry_of` picks one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import select

from chassis.database import Database
from services.identity.domain.real_name import RegistryAway
from services.identity.numbers import blind_index
from services.identity.orm import sandbox_person


class Registry(Protocol):
    """Who answers whether somebody is who they say."""

    def knows(self, name: str, id_number: str, credit_code: str | None = None) -> bool:
        """Whether a person has this name and number, and legally represents the firm of that credit code
        when one is given. Raises `RegistryAway`."""


class Faces(Protocol):
    """A provider that compares a face with a document's picture. None is built in: L3 comes from a window."""

    def same(self, id_number: str, picture: bytes) -> bool:
        """Whether it is the same person. Raises `RegistryAway`."""


class Sandbox:
    """Knows the sample city's people. One of them it never answers about, as registries sometimes do."""

    def __init__(self, database: Database):
        self._database = database

    def knows(self, name: str, id_number: str, credit_code: str | None = None) -> bool:
        table = sandbox_person.c
        index = blind_index(self._database.config.master_key, id_number)
        with self._database.read() as session:
            row = session.execute(
                select(table.name, table.represents, table.is_away).where(table.id_index == index)
            ).first()
        if row is not None and row.is_away:
            raise RegistryAway
        if row is None or row.name != name:
            return False
        return credit_code is None or credit_code in row.represents


class Nobody:
    """No registry is connected: there is no answer."""

    def knows(self, name: str, id_number: str, credit_code: str | None = None) -> bool:
        raise RegistryAway


def registry_of(environ: Mapping[str, str], database: Database) -> Registry:
    """The one ``ONEWINDOW_REGISTRY`` names: ``sandbox`` (also when it says nothing) or ``none``."""
    made: dict[str, Any] = {"sandbox": lambda: Sandbox(database), "none": Nobody}
    wanted = environ.get("ONEWINDOW_REGISTRY", "sandbox")
    if wanted not in made:
        raise ValueError(f"ONEWINDOW_REGISTRY must be sandbox or none, not {wanted}")
    registry: Registry = made[wanted]()
    return registry
