"""The catalogue's own files: departments, elements, materials, calendar, items and packages of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.catalog import calendars
from services.catalog.domain import City, Problem
from services.catalog.file_schemas import (
    CalendarFile,
    CityFile,
    DepartmentFile,
    ElementFile,
    GroupFile,
    ItemFile,
    MaterialFile,
    PackageFile,
)
from services.catalog.reading import Reading


def read_city(folder: Path | Reading) -> tuple[City | None, list[Problem]]:
    """Everything a catalogue folder says, or what is read in place of one, and every file that can't be
    read or field of the wrong shape.
    read or field of the wrong shape.

    Items and packages of the wrong shape are left out of the city; there is none while a file that all
    of them stand on is wrong.
    """
    reading = folder if isinstance(folder, Reading) else Reading(folder)
    settings = reading.load(CityFile(), "city.yaml", reading.raw("city.yaml"))
    defaults = settings["item_defaults"] if settings else {}
    departments = reading.load_list(DepartmentFile(), "departments.yaml", reading.raw("departments.yaml"))
    materials = reading.load_list(MaterialFile(), "materials.yaml", reading.raw("materials.yaml"))
    dictionary = reading.raw("elements.yaml")
    if dictionary is not None and not isinstance(dictionary, Mapping):
        reading.problem("elements.yaml", "", "must be a mapping")
        dictionary = None
    groups = reading.load_list(
        GroupFile(), "elements.yaml", dictionary and dictionary.get("groups"), "groups"
    )
    elements = reading.load_list(
        ElementFile(), "elements.yaml", dictionary and dictionary.get("elements"), "elements"
    )
    calendar = reading.load(CalendarFile(), "calendar.yaml", reading.raw("calendar.yaml"))
    shared: dict[str, Any] = dict(
        largest_group=settings["largest_group"] if settings else 0,
        departments=reading.by("code", departments, "departments.yaml"),
        materials=reading.by("code", materials, "materials.yaml"),
        groups=reading.by("key", groups, "elements.yaml"),
        elements=reading.by("key", elements, "elements.yaml"),
        calendar=calendars.years(**calendar) if calendar else (),
    )
    whole = not reading.problems
    for kind in ("items", "packages"):
        if not any(reading.names(kind, ".yaml")):
            reading.problem(kind, "", "holds no file")
    items = reading.by("code", reading.files("items", ItemFile(), defaults), "")
    packages = reading.by("code", reading.files("packages", PackageFile(), {}), "")
    unreadable = {Path(p.file).stem for p in reading.problems if p.file.startswith("items/")}
    city = City(items=items, packages=packages, unreadable=frozenset(unreadable - items.keys()), **shared)
    return city if whole else None, reading.problems
