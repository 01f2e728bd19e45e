"""Sentences about due dates, in Chinese and English."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from chassis.workdays import WorkCalendar
from contracts.procedure import BranchSpec, Limit
from services.approval.domain import Branch

SHANGHAI = ZoneInfo("Asia/Shanghai")
UNITS = {
    "on_the_spot": ("当场", "on the spot"),
    "working_days": ("个工作日", "working days"),
    "calendar_days": ("天", "days"),
    "months": ("个月", "months"),
}


def due_explained(branch: Branch, spec: BranchSpec, calendar: WorkCalendar) -> dict[str, str] | None:
    """How the promised date comes about: from when, how long, what moved it. None before it opens."""
    if branch.opened_at is None or branch.promised_due is None:
        return None
    zh = f"{_day(branch.opened_at)}开始,承诺{_limit(spec.promised, 0)}"
    en = f"begun on {_day(branch.opened_at)}, promised within {_limit(spec.promised, 1)}"
    if spec.statutory is not None and branch.statutory_due is not None:
        zh += f",法定{_limit(spec.statutory, 0)}(最晚 {_day(branch.statutory_due)})"
        en += f", by law within {_limit(spec.statutory, 1)} ({_day(branch.statutory_due)} at the latest)"
    days = sum(
        calendar.paused_days(p.started_at, p.ended_at) for p in branch.pauses if p.ended_at is not None
    )
    if days:
        zh += f";暂停 {days} 个工作日,已顺延"
        en += f"; moved by a pause of {days} working days"
    if branch.status == "suspended":
        zh += ";现在暂停计时"
        en += "; the clock stands still now"
    return {"zh": zh, "en": en}


def _limit(limit: Limit, language: int) -> str:
    unit = UNITS[limit.unit][language]
    return unit if limit.unit == "on_the_spot" else f"{limit.value:g} {unit}"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d}"
