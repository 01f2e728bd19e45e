"""The read side: inboxes, cases, the head's desk, and what is one's own."""

from services.approval.queries.branches import (
    IN_HAND,
    PAGE,
    TASK,
    BadCursor,
    branch_for,
    case_for,
    corrections_for,
    inbox,
    inbox_query,
    procedure_of,
)
from services.approval.queries.events import events_of
from services.approval.queries.head import head_desk, supervision_view, supervisions
from services.approval.queries.own import delegations, filters, templates

__all__ = [
    "IN_HAND",
    "PAGE",
    "TASK",
    "BadCursor",
    "branch_for",
    "case_for",
    "corrections_for",
    "delegations",
    "events_of",
    "filters",
    "head_desk",
    "inbox",
    "inbox_query",
    "procedure_of",
    "supervision_view",
    "supervisions",
    "templates",
]
