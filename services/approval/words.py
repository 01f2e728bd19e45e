"""Sentences about due dates, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chassis.workdays import SHANGHAI, WorkCalendar
from contracts.procedure import BranchSpec, Limit
from services.approval.domain import Branch, Pause

UNITS = {
    "on_the_spot": ("当场", "on the spot"),
    "working_days": ("个工作日", "working days"),
    "calendar_days": ("天", "days"),
    "months": ("个月", "months"),
}
GROUNDS = {
    "hearing": ("听证", "a hearing"),
    "inspection": ("检验", "an inspection"),
    "testing": ("检测", "testing"),
    "quarantine": ("检疫", "quarantine"),
    "appraisal": ("鉴定", "an appraisal"),
    "expert_review": ("专家评审", "an expert review"),
}
CORRECTION = ("补正", "a correction")
Pair = tuple[str, str]


def due_explained(branch: Branch, spec: BranchSpec, calendar: WorkCalendar) -> dict[str, str] | None:
    """How both dates come about: from when, how long, what moved them. None before the branch opens."""
    if branch.opened_at is None or branch.promised_due is None:
        return None
    parts = list(_parts(branch, spec, calendar))
    return {"zh": "；".join(zh for zh, _ in parts) + "。", "en": "; ".join(en for _, en in parts) + "."}


def _parts(branch: Branch, spec: BranchSpec, calendar: WorkCalendar) -> Iterator[Pair]:
    assert branch.opened_at is not None and branch.promised_due is not None
    start = calendar.starting_day(branch.opened_at).isoformat()
    yield f"{start} 起算，当天不计", f"Counted from {start}, that day left out"
    yield _limit("承诺", "promised", spec.promised, branch.promised_due)
    if spec.statutory is not None and branch.statutory_due is not None:
        yield _limit("法定", "by law", spec.statutory, branch.statutory_due)
    for pause in branch.pauses:
        yield _pause(pause, calendar)
    last = max(branch.promised_due, branch.statutory_due or branch.promised_due)
    if calendar.is_provisional(last.astimezone(SHANGHAI).date()):
        yield "放假安排公布后日期可能调整", "dates may move once the year's holidays are announced"


def _limit(zh: str, en: str, limit: Limit, due: datetime) -> Pair:
    at = f"{due.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    unit_zh, unit_en = UNITS[limit.unit]
    if limit.unit == "on_the_spot":
        return f"{zh}{unit_zh}办结，最晚 {at}", f"{en} {unit_en}, {at} at the latest"
    return (
        f"{zh} {limit.value:g} {unit_zh}，最晚 {at}",
        f"{en} within {limit.value:g} {unit_en}, {at} at the latest",
    )


def _pause(pause: Pause, calendar: WorkCalendar) -> Pair:
    zh, en = GROUNDS[pause.ground] if pause.ground else CORRECTION
    clocks_zh, clocks_en = ("两个时限", "both") if pause.stops == "both" else ("承诺时限", "the promise")
    start = f"{pause.started_at.astimezone(SHANGHAI):%Y-%m-%d}"
    if pause.ended_at is None:
        return f"{start} 起因{zh}暂停{clocks_zh}", f"{en} has stopped {clocks_en} since {start}"
    days = calendar.paused_days(pause.started_at, pause.ended_at)
    return (
        f"{start} 起因{zh}暂停，{clocks_zh}顺延 {days} 个工作日",
        f"{en} from {start} moved {clocks_en} by {days} working days",
    )
