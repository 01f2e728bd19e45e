"""What is done with cases: by intake's events, by officers, by departments' systems and by time."""

from services.approval.handlers.applications import follow_intake
from services.approval.handlers.desk import (
    answer,
    ask_correction,
    claim,
    escalate,
    release,
    resume,
    suspend,
)
from services.approval.handlers.replies import EARLY, REPLIES, record_answers, send_silence
from services.approval.handlers.work import GRACE, OVERDUE, SILENCE, UnknownDepartment

__all__ = [
    "EARLY",
    "GRACE",
    "OVERDUE",
    "REPLIES",
    "SILENCE",
    "UnknownDepartment",
    "answer",
    "ask_correction",
    "claim",
    "escalate",
    "follow_intake",
    "record_answers",
    "release",
    "resume",
    "send_silence",
    "suspend",
]
