"""What departments say with their own systems, over the broker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contracts.base import Event, event

HEARD = ("approval", "catalog", "intake")
"""Whose events reach departments: those that concern one, and those that are public."""


@event(subject="branch_no")
@dataclass(frozen=True, kw_only=True)
class AnswerGiven(Event):
    """A department's answer to one branch. It counts by the moment the broker took it.

    ``results`` are codes and facts (信用代码); opinions are given over HTTP, never in events.
    """

    branch_no: str
    department: str
    answer: Literal["agree", "agree_with_conditions", "refuse", "unable", "not_competent"]
    competent_department: str | None = None
    results: dict[str, str]
