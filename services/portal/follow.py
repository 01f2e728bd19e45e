"""Messages and figures in the visitor's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.portal import views
from services.portal.dates import clock, moment
from services.portal.river import Mark
from services.portal.views import Reader
from services.portal.words import Language

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a list shows it."""

    message_id: str
    title: str
    text: str
    when: str
    read: bool
    urgent: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of a chart: its word, two counts, and their heights in percent."""

    word: str
    filed: int
    decided: int
    filed_height: int
    decided_height: int


def message_of(found: Mapping[str, Any], who: Reader) -> Message:
    t, at, now = who.t, moment(found["at"]), moment(who.now)
    assert at is not None and now is not None
    when = clock(at) if at.date() == now.date() else str(who.day(at))
    return Message(
        message_id=found["message_id"],
        title=t.of(found["title"]),
        text=t.of(found["text"]),
        when=when,
        read=found["read"],
        urgent=found["category"] in ("todo", "supervision") and not found["read"],
    )


def age(last: str | None, who: Reader) -> str:
    """“最近一条事件 3 秒前”, and its time once that is long ago."""
    t = who.t
    at = moment(last)
    if at is None:
        return t("还没有任何事件")
    seconds = max(0, int((who.now - at).total_seconds()))
    if seconds < 60:
        return t("最近一条事件：{n} 秒前", n=seconds)
    if seconds < 3600:
        return t("最近一条事件：{n} 分钟前", n=seconds // 60)
    return t("最近一条事件：{day} {time}", day=str(who.day(at)), time=clock(at))


def bars(rows: list[Mapping[str, Any]], word: Callable[[Mapping[str, Any]], str]) -> list[Bar]:
    """Columns of a chart, the highest count being all of its height."""
    most = max((max(r["filed"], r["decided"]) for r in rows), default=0) or 1
    return [
        Bar(
            word(r),
            r["filed"],
            r["decided"],
            round(100 * r["filed"] / most),
            round(100 * r["decided"] / most),
        )
        for r in rows
    ]


def stage_word(status: str, t: Language) -> str:
    """A stage of a case, as a heading of a column or a list."""
    return {
        "draft": t("草稿"),
        "submitted": t("已提交"),
        "in_prereview": t("预审中"),
        "awaiting_acceptance": t("等待受理"),
        "returned": t("等申请人补正"),
        "not_accepted": t("不予受理"),
        "accepted": t("已受理"),
        "in_approval": t("审批中"),
        "provisional": t("容缺受理"),
        "decided": t("已决定，后续登记在办"),
        "delivering": t("送达中"),
        "closed": t("已办结"),
        "terminated": t("已终止"),
        "withdrawn": t("已撤回"),
        "revoked": t("已撤销"),
    }.get(status, status)


def list_title(asked: Mapping[str, Any], department: str, item: str, t: Language) -> str:
    """What a list of cases behind a figure is called."""
    show = asked["show"]
    if show == "stage":
        words = stage_word(asked["status"], t) if asked.get("status") else t("正在办的")
    else:
        words = {
            "filed": t("收件"),
            "decided": t("办结"),
            "open": t("部门在办"),
            "overdue": t("超期"),
            "on_time": t("按期答复"),
            "late": t("超期答复"),
            "silent": t("到期未答复"),
        }[show]
    return " · ".join(w for w in (words, department, item, str(asked.get("day") or "")) if w)


def case_slip(row: Mapping[str, Any], who: Reader, title: str, department: str, href: str) -> views.Slip:
    """A whole case, or a department's part of one."""
    t = who.t
    if "branch_no" not in row:
        mark = views.case_mark(row, t)
        filed = t("收件 {day}", day=who.day(row["submitted_at"])) if row.get("submitted_at") else ""
        return views.Slip(row["application_no"], title, mark, due=str(filed), href=href)
    mark = views.branch_mark(row, t, for_staff=True)
    if row.get("light") in ("red", "black"):
        late = t("超法定期限") if row["light"] == "black" else t("超承诺期限")
        mark = Mark("bad", "bad", late)
    at_work = row["status"] in ("open", "claimed", "suspended")
    due = row.get("promised_due")
    if at_work and due:
        when, left = t("承诺 {day}", day=who.day(due)), who.left(due)
    elif row.get("answered_at"):
        when, left = t("答复 {day}", day=who.day(row["answered_at"])), ""
    else:
        when, left = "", ""
    return views.Slip(row["branch_no"], title, mark, who=department, due=when, note=left, href=href)


def supervision_mark(record: Mapping[str, Any], t: Language, now: datetime) -> Mark:
    """State of a 督办 record."""
    due = moment(record.get("answer_due"))
    if record["state"] == "open" and due is not None and due < now:
        return Mark("bad", "bad", t("没有按时书面说明"))
    return {
        "open": Mark("wait", "wait", t("等书面说明")),
        "unanswered": Mark("bad", "bad", t("没有按时书面说明")),
        "answered": Mark("now", "now", t("已书面说明，待核对")),
        "closed": Mark("ok", "done", t("已结案")),
    }[record["state"]]
