"""The application: from filing to its end. Pure rules; times and ids are passed in."""

from services.intake.domain.application import Application, IllegalMove, UnknownApplication
from services.intake.domain.case import BEING_HANDLED, FINISHED, Branch, Case, Entry, Results
from services.intake.domain.rules import called_for, prerequisites_of

__all__ = [
    "BEING_HANDLED",
    "FINISHED",
    "Application",
    "Branch",
    "Case",
    "Entry",
    "IllegalMove",
    "Results",
    "UnknownApplication",
    "called_for",
    "prerequisites_of",
]
