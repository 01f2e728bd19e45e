"""Cases and their branches: pure rules, no database."""

from services.approval.domain.branch import (
    Branch,
    Calendar,
    IllegalMove,
    Incomplete,
    NotAllowed,
    Pause,
    branch_no_of,
)
from services.approval.domain.case import AlreadyAsked, Case, UnknownBranch, application_of

__all__ = [
    "AlreadyAsked",
    "Branch",
    "Calendar",
    "Case",
    "IllegalMove",
    "Incomplete",
    "NotAllowed",
    "Pause",
    "UnknownBranch",
    "application_of",
    "branch_no_of",
]
