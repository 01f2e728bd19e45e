"""Cases and their branches: pure rules, no database."""

from services.approval.domain.branch import (
    AT_WORK,
    Branch,
    IllegalMove,
    Incomplete,
    NotAllowed,
    Pause,
    branch_no_of,
)
from services.approval.domain.case import AlreadyAsked, Case, NotAsked, UnknownBranch, application_of
from services.approval.domain.clocks import Calendar
from services.approval.domain.lights import Light, light

__all__ = [
    "AT_WORK",
    "AlreadyAsked",
    "Branch",
    "Calendar",
    "Case",
    "IllegalMove",
    "Incomplete",
    "Light",
    "NotAllowed",
    "NotAsked",
    "Pause",
    "UnknownBranch",
    "application_of",
    "branch_no_of",
    "light",
]
