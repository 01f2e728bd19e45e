"""What is done with cases: by intake's events, by officers and heads, by departments' systems and by time."""

from services.approval.handlers.absence import (
    CannotDelegate,
    UnknownDelegation,
    delegate,
    end_delegation,
    may_sign,
)
from services.approval.handlers.applications import follow_intake
from services.approval.handlers.calendar import follow_catalogue, recount
from services.approval.handlers.desk import (
    NothingWaiting,
    answer,
    ask_correction,
    claim,
    release,
    resume,
    suspend,
    take_next,
)
from services.approval.handlers.head import ask_extension, decide_extension, decide_signature
from services.approval.handlers.many import Result, answer_many
from services.approval.handlers.personal import (
    TooMany,
    UnknownTemplate,
    drop_filter,
    drop_template,
    keep_filter,
    keep_template,
)
from services.approval.handlers.replies import EARLY, REPLIES, record_answers, reject_unreadable, send_silence
from services.approval.handlers.supervision import (
    NotResponsible,
    answer_supervision,
    close_supervision,
    escalate,
    remind,
)
from services.approval.handlers.work import (
    GRACE,
    OVERDUE,
    RECOUNT,
    SILENCE,
    SUPERVISION,
    UnknownDepartment,
)

__all__ = [
    "EARLY",
    "GRACE",
    "OVERDUE",
    "RECOUNT",
    "REPLIES",
    "SILENCE",
    "SUPERVISION",
    "CannotDelegate",
    "NotResponsible",
    "NothingWaiting",
    "Result",
    "TooMany",
    "UnknownDelegation",
    "UnknownDepartment",
    "UnknownTemplate",
    "answer",
    "answer_many",
    "answer_supervision",
    "ask_correction",
    "ask_extension",
    "claim",
    "close_supervision",
    "decide_extension",
    "decide_signature",
    "delegate",
    "drop_filter",
    "drop_template",
    "end_delegation",
    "escalate",
    "follow_catalogue",
    "follow_intake",
    "keep_filter",
    "keep_template",
    "may_sign",
    "record_answers",
    "recount",
    "reject_unreadable",
    "release",
    "remind",
    "resume",
    "send_silence",
    "suspend",
    "take_next",
]
