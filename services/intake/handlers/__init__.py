"""What is done at intake: with drafts and materials, with applications, and with what others say."""

from services.intake.handlers.applications import (
    SILENCE,
    NothingCalledFor,
    WrongAudience,
    accept,
    accept_by_silence,
    correct,
    follow_cases,
    keep_catalog,
    note_agent,
    refuse,
    resubmit,
    return_for_correction,
    submit,
    withdraw,
)
from services.intake.handlers.readings import note_reading

__all__ = [
    "SILENCE",
    "NothingCalledFor",
    "WrongAudience",
    "accept",
    "accept_by_silence",
    "correct",
    "follow_cases",
    "keep_catalog",
    "note_agent",
    "note_reading",
    "refuse",
    "resubmit",
    "return_for_correction",
    "submit",
    "withdraw",
]
