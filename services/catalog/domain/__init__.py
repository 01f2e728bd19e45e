"""The catalogue's rules: what an item or package says, when it may be published, and as which version."""

from services.catalog.domain.checks import problems_of
from services.catalog.domain.model import CalendarYear, City, Department, Problem
from services.catalog.domain.publishing import (
    Edition,
    IllegalMove,
    InvalidCatalogue,
    UnknownProcedure,
    calendar_published,
    close,
    department_published,
    editions,
)

__all__ = [
    "CalendarYear",
    "City",
    "Department",
    "Edition",
    "IllegalMove",
    "InvalidCatalogue",
    "Problem",
    "UnknownProcedure",
    "calendar_published",
    "close",
    "department_published",
    "editions",
    "problems_of",
]
