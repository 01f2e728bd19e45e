"""What the catalogue says: items, packages and the working calendar, each as a whole and by version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from contracts.base import Event, event
from contracts.procedure import Procedure, Text


@event(subject="code", public=True)
@dataclass(frozen=True, kw_only=True)
class DepartmentPublished(Event):
    """A department or provider of the city."""

    code: str
    name: Text
    is_government: bool = True


@event(subject="code", public=True)
@dataclass(frozen=True, kw_only=True)
class PlacePublished(Event):
    """A place of the city: itself (six digits), a town or street (nine), a village or community (twelve).

    ``kind`` is city, street, town, zone, community or village; ``is_gone`` when it is no longer one.
    """

    code: str
    name: Text
    kind: str
    parent: str | None = None
    is_gone: bool = False


@event(subject="code", public=True)
@dataclass(frozen=True, kw_only=True)
class ProcedurePublished(Event):
    """A version of an item or package is open for filing from now on; the definition is complete."""

    code: str
    version: int
    procedure: Procedure


@event(subject="code", public=True)
@dataclass(frozen=True, kw_only=True)
class GuidePublished(Event):
    """A version of a guide to an item that is handled in another system: there is nothing to file here, so
    it says what the guide is about and no more."""

    code: str
    version: int
    title: Text
    department: str


@event(subject="code", public=True)
@dataclass(frozen=True, kw_only=True)
class ProcedureClosed(Event):
    """No more filing under this code; cases on their way end by the version they were filed under."""

    code: str
    version: int
    closed_at: datetime


@event(subject="year", public=True)
@dataclass(frozen=True, kw_only=True)
class CalendarPublished(Event):
    """The year's working calendar: Monday to Friday, except these days (调休 included).

    ``provisional`` until the State Council's yearly notice is loaded.
    """

    year: int
    holidays: tuple[date, ...]
    extra_workdays: tuple[date, ...]
    provisional: bool
