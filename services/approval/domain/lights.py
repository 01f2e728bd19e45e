"""Lights 红黄灯: how near a branch is to its limits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from services.approval.domain.branch import Branch
from services.approval.domain.clocks import Calendar

Light = Literal["green", "yellow", "red", "black"]

YELLOW_FROM = 0.8
WORKING_DAY = timedelta(hours=8)


def light(branch: Branch, calendar: Calendar, now: datetime) -> Light:
    """Yellow from 80 % of the promise used, or with one working day left of a longer one; red past the
    promise; black past the limit by law, which calls for supervision 督办.

    A clock that stands still is looked at as of the moment it was stopped. What is finished is green.
    """
    if branch.is_finished or branch.opened_at is None or branch.promised_due is None:
        return "green"
    pause = branch.open_pause
    promise_at = now if pause is None else pause.started_at
    law_at = promise_at if pause is not None and pause.stops == "both" else now
    if branch.statutory_due is not None and law_at > branch.statutory_due:
        return "black"
    if promise_at > branch.promised_due:
        return "red"
    paused = sum(calendar.paused_days(p.started_at, p.ended_at) for p in branch.pauses if p.ended_at)
    whole = calendar.working_time_between(branch.opened_at, branch.promised_due) - paused * WORKING_DAY
    left = calendar.working_time_between(promise_at, branch.promised_due)
    if left <= WORKING_DAY < whole or whole - left >= YELLOW_FROM * whole:
        return "yellow"
    return "green"
