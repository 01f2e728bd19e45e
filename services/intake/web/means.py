"""What the views of intake work with besides the database: files, the scanner, identity."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

from flask import current_app, request

from chassis.config import Config
from chassis.problems import unavailable
from chassis.storage import Vault, open_vault
from services.intake.domain.materials import HANDED_IN
from services.intake.known_data import Identity
from services.intake.scanning import Scanner, scanner_of
from services.intake.settings import Settings

NAME = "intake"
WELL_FORMED = re.compile(r"[0-9]{17}[0-9X]")
"""What may be an ID number at all; the form says what is wrong with others."""


@dataclass(frozen=True, slots=True)
class Means:
    settings: Settings
    vault: Vault
    scanner: Scanner | None
    identity: Identity

    @classmethod
    def of(cls, config: Config, settings: Settings) -> Means:
        return cls(
            settings=settings,
            vault=open_vault(config),
            scanner=scanner_of(settings.scanner),
            identity=Identity(config.urls.get("identity", "")),
        )


def means() -> Means:
    return cast(Means, current_app.extensions[NAME])


def with_limits(slots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Slots that take files, with how large one may be."""
    return [
        slot | {"max_bytes": means().settings.max_file} if slot["how"] in HANDED_IN else slot
        for slot in slots
    ]


def own_among(numbers: list[str]) -> tuple[str | None, int]:
    """Which of these ID numbers is the caller's own verified one, by identity, and the caller's level. A 503
    problem when identity doesn't answer."""
    numbers = [number for number in numbers if WELL_FORMED.fullmatch(number)]
    if not numbers:
        return None, 0
    answer = means().identity.self_among(dict(request.headers), numbers)
    if answer is None:
        raise unavailable()
    place = answer["place"]
    return None if place is None else numbers[place], int(answer["level"])
