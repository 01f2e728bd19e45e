"""Where staff belong: departments, and the city's towns and villages, as one tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PLACE = re.compile(r"[0-9]{6}(?:[0-9]{3}){0,2}")


@dataclass(frozen=True, slots=True)
class Unit:
    """A node: a department (``parent`` None), or a place. ``kind`` is department, city, street, town,
    zone, community or village."""

    code: str
    name: Mapping[str, Any]
    kind: str
    parent: str | None


def is_place(code: str) -> bool:
    """The city's six digits, three more a town or street, three more a village or community."""
    return PLACE.fullmatch(code) is not None


def in_order(units: Iterable[Unit]) -> list[tuple[int, Unit]]:
    """The tree from its roots, each node with its depth: departments first, places below them.

    A node whose parent is not known (yet) stands as a root.
    """
    known = {u.code: u for u in units}
    below: dict[str | None, list[Unit]] = {}
    for unit in sorted(known.values(), key=lambda u: (u.kind != "department", u.code)):
        below.setdefault(unit.parent if unit.parent in known else None, []).append(unit)
    found: list[tuple[int, Unit]] = []
    waiting = [(0, unit) for unit in reversed(below.get(None, []))]
    while waiting:
        depth, unit = waiting.pop()
        found.append((depth, unit))
        waiting += [(depth + 1, child) for child in reversed(below.get(unit.code, []))]
    return found


def subtree(code: str, units: Iterable[Unit]) -> set[str]:
    """A node and everything below it."""
    found, units = {code}, list(units)
    while more := {u.code for u in units if u.parent in found} - found:
        found |= more
    return found
