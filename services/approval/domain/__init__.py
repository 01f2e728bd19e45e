"""Cases and their branches: pure rules, no database."""

from services.approval.domain.branch import AT_WORK, Branch, Pause, branch_no_of
from services.approval.domain.case import Case, application_of
from services.approval.domain.clocks import Calendar
from services.approval.domain.errors import (
    AlreadyAsked,
    CannotExtend,
    IllegalMove,
    Incomplete,
    NotAllowed,
    NotAsked,
    SameHand,
    UnknownBranch,
)
from services.approval.domain.lights import Light, light
from services.approval.domain.supervision import Supervision

__all__ = [
    "AT_WORK",
    "AlreadyAsked",
    "Branch",
    "Calendar",
    "CannotExtend",
    "Case",
    "IllegalMove",
    "Incomplete",
    "Light",
    "NotAllowed",
    "NotAsked",
    "Pause",
    "SameHand",
    "Supervision",
    "UnknownBranch",
    "application_of",
    "branch_no_of",
    "light",
]
