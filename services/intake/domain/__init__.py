"""What is filed: from the first answer of a draft to the end of the application. Pure rules; times and
ids are passed in."""

from services.intake.domain.application import Application, IllegalMove, UnknownApplication
from services.intake.domain.case import BEING_HANDLED, FINISHED, Branch, Case, Entry, Results
from services.intake.domain.draft import AlreadyFiled, ChangedMeanwhile, Draft, UnknownDraft
from services.intake.domain.materials import (
    HANDED_IN,
    MOST_VERSIONS,
    Material,
    NoSuchSlot,
    Slot,
    SlotClosed,
    TooManyVersions,
    UnknownMaterial,
    missing,
    slots,
    spec_of,
    specs_for,
)
from services.intake.domain.rules import asked_only, called_for, prerequisites_of

__all__ = [
    "BEING_HANDLED",
    "FINISHED",
    "HANDED_IN",
    "MOST_VERSIONS",
    "AlreadyFiled",
    "Application",
    "Branch",
    "Case",
    "ChangedMeanwhile",
    "Draft",
    "Entry",
    "IllegalMove",
    "Material",
    "NoSuchSlot",
    "Results",
    "Slot",
    "SlotClosed",
    "TooManyVersions",
    "UnknownApplication",
    "UnknownDraft",
    "UnknownMaterial",
    "asked_only",
    "called_for",
    "missing",
    "prerequisites_of",
    "slots",
    "spec_of",
    "specs_for",
]
