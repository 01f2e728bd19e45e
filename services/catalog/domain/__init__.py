"""The catalogue's rules: what an item or package says, when it may be published, and as which version."""

from services.catalog.domain.checks import problems_of
from services.catalog.domain.guide import WrongAnswers, personal
from services.catalog.domain.guide_checks import guidance_problems
from services.catalog.domain.guide_model import Guidance
from services.catalog.domain.model import CalendarYear, City, Department, Problem
from services.catalog.domain.publishing import (
    GUIDE_ONLY,
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
    "GUIDE_ONLY",
    "CalendarYear",
    "City",
    "Department",
    "Edition",
    "Guidance",
    "IllegalMove",
    "InvalidCatalogue",
    "Problem",
    "UnknownProcedure",
    "WrongAnswers",
    "calendar_published",
    "close",
    "department_published",
    "editions",
    "guidance_problems",
    "personal",
    "problems_of",
]
