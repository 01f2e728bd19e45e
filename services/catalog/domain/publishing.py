"""When something is published, and as which version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from contracts import catalog
from contracts.procedure import Procedure
from services.catalog.domain.facts import item_facts, package_facts
from services.catalog.domain.model import CalendarYear, City, Department, Problem
from services.catalog.domain.procedures import procedure_of_item, procedure_of_package

NO_FORMS: Mapping[str, Mapping[str, Any]] = MappingProxyType({})

GUIDE_ONLY = "c"


class InvalidCatalogue(Exception):
    """A catalogue that can't be published; names every problem at once."""

    def __init__(self, problems: list[Problem]):
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = problems


class UnknownProcedure(LookupError):
    """No item or package has this code (or this version)."""

    def __init__(self, code: str, version: int | None = None):
        super().__init__(f"no procedure {code}" + (f" of version {version}" if version else ""))
        self.code = code
        self.version = version


class IllegalMove(Exception):
    """A move the state does not allow."""

    def __init__(self, state: str, move: str):
        super().__init__(f"{move} is not possible: it is {state}")
        self.state = state
        self.move = move


@dataclass(frozen=True, kw_only=True)
class Edition:
    """What is published of a procedure; ``digest`` is the same for the same content, whatever its version."""

    procedure: Procedure
    facts: Mapping[str, Any]
    digest: str

    @property
    def guide_only(self) -> bool:
        """Handled in a department's own system (tier c): nobody files it here."""
        return bool(self.facts["tier"] == GUIDE_ONLY)

    def definition(self, version: int) -> dict[str, Any]:
        """The procedure of this version as JSON values."""
        found: dict[str, Any] = self._opened(version).to_data()["procedure"]
        return found

    def as_version(self, version: int) -> catalog.ProcedurePublished | catalog.GuidePublished:
        """The event that announces this edition: with its whole definition where it is open for filing,
        with its name alone where the guide leads elsewhere."""
        if not self.guide_only:
            return self._opened(version)
        procedure = self.procedure
        return catalog.GuidePublished(
            code=procedure.code,
            version=version,
            title=procedure.title,
            department=procedure.lead_department,
        )

    def _opened(self, version: int) -> catalog.ProcedurePublished:
        return catalog.ProcedurePublished(
            code=self.procedure.code, version=version, procedure=replace(self.procedure, version=version)
        )


def editions(city: City, forms: Mapping[str, Mapping[str, Any]] = NO_FORMS) -> list[Edition]:
    """All items and packages of a catalogue that has no problems, in order of their codes; ``forms`` are
    their filled sample forms."""
    found = []
    for item in city.items.values():
        procedure = procedure_of_item(item, city)
        found.append(_edition(procedure, item_facts(item, procedure, city), forms))
    for package in city.packages.values():
        procedure = procedure_of_package(package, city)
        found.append(_edition(procedure, package_facts(package, procedure, city), forms))
    return sorted(found, key=lambda e: e.procedure.code)


def department_published(department: Department) -> catalog.DepartmentPublished:
    return catalog.DepartmentPublished(
        code=department.code, name=department.name, is_government=department.is_government
    )


def calendar_published(year: CalendarYear) -> catalog.CalendarPublished:
    return catalog.CalendarPublished(
        year=year.year,
        holidays=year.holidays,
        extra_workdays=year.extra_workdays,
        provisional=year.provisional,
    )


def close(code: str, version: int, closed_at: datetime | None, now: datetime) -> catalog.ProcedureClosed:
    """End filing under this code; raises `IllegalMove` when it has ended already."""
    if closed_at is not None:
        raise IllegalMove("closed", "close")
    return catalog.ProcedureClosed(code=code, version=version, closed_at=now)


def _edition(procedure: Procedure, facts: dict[str, Any], forms: Mapping[str, Mapping[str, Any]]) -> Edition:
    facts["sample_form"] = forms.get(procedure.code)
    content = content_of(procedure, facts)
    return Edition(procedure=procedure, facts=facts, digest=hashlib.sha256(content.encode()).hexdigest())


def content_of(procedure: Procedure, facts: Mapping[str, Any]) -> str:
    """Everything an edition says, written in one way, so that the same content has the same digest."""
    definition = catalog.ProcedurePublished(code=procedure.code, version=1, procedure=procedure).to_data()
    return json.dumps([definition, facts], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
