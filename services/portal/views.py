"""A case in plain words: what its slip says, what happens now and what the applicant has to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from markupsafe import Markup

from chassis.workdays import WorkCalendar
from services.portal.dates import day, moment, working_days
from services.portal.river import Lane, Mark, Stage, flow_of, stages
from services.portal.words import Language

RUNNING = ("submitted", "in_prereview", "awaiting_acceptance", "accepted", "in_approval", "provisional")
RESULT_NAMES = {"credit_code": "统一社会信用代码"}
ENDED = ("closed", "withdrawn", "terminated", "not_accepted", "revoked")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and when: language, calendar and the present moment."""

    t: Language
    calendar: WorkCalendar
    now: datetime

    def day(self, value: str | datetime | date) -> Markup:
        here = moment(self.now)
        assert here is not None
        return day(value, self.t.code, here.date())

    def left(self, due: str | datetime) -> str:
        """“还剩 2 个工作日”, “今天到期” or “已超 1 个工作日”."""
        end, here = moment(due), moment(self.now)
        assert end is not None and here is not None
        if here > end:
            late = max(1, working_days(self.calendar, end.date(), here.date()))
            return self.t("已超 {n} 个工作日", n=late)
        days = working_days(self.calendar, here.date(), end.date())
        return self.t("还剩 {n} 个工作日", n=days) if days else self.t("今天到期")


@dataclass(frozen=True, slots=True)
class Slip:
    """办件条: the same everywhere. ``due`` is a sentence, ``href`` may be empty."""

    number: str
    name: str
    mark: Mark
    what: str = ""
    who: str = ""
    due: str = ""
    href: str = ""
    note: str = ""


def case_mark(case: Mapping[str, Any], t: Language) -> Mark:
    """State of a whole case."""
    status, outcome = case["status"], case.get("outcome")
    if status in ("decided", "delivering", "closed") and outcome:
        words = {
            "granted": Mark("ok", "done", t("已办结") if status == "closed" else t("已准予")),
            "partly_granted": Mark("wait", "wait", t("部分准予")),
            "refused": Mark("bad", "bad", t("不予许可")),
        }
        return words[outcome]
    if any(b.get("correction_request") and b["status"] == "suspended" for b in case.get("branches") or ()):
        return Mark("wait", "wait", t("等您补正"))
    return {
        "submitted": Mark("now", "now", t("已提交")),
        "awaiting_acceptance": Mark("now", "now", t("等待受理")),
        "returned": Mark("wait", "wait", t("等您补正")),
        "not_accepted": Mark("bad", "bad", t("不予受理")),
        "accepted": Mark("now", "now", t("已受理")),
        "in_approval": Mark("now", "now", t("办理中")),
        "closed": Mark("ok", "done", t("已办结")),
        "withdrawn": Mark("quiet", "ahead", t("已撤回")),
        "terminated": Mark("quiet", "ahead", t("已终止")),
    }.get(status, Mark("now", "now", t("办理中")))


def branch_mark(branch: Mapping[str, Any], t: Language, *, for_staff: bool = False) -> Mark:
    """State of one department's part, said to the applicant or to the staff."""
    status, answer = branch.get("status", "waiting"), branch.get("answer")
    if status == "answered":
        decides = branch.get("kind") == "decide"
        return {
            "agree_with_conditions": Mark("ok", "done", t("有条件同意")),
            "refuse": Mark("bad", "bad", t("不同意")),
            "unable": Mark("wait", "wait", t("没有办成，转人工处理")),
        }.get(answer or "", Mark("ok", "done", t("已同意") if decides else t("已办好")))
    if status == "silent":
        return Mark("ok", "done", t("到期未答复，按规定视为同意"))
    if status == "dropped":
        return Mark("quiet", "ahead", t("不再办理"))
    if status == "suspended":
        if not branch.get("correction_request"):
            return Mark("wait", "wait", t("暂停计时"))
        return Mark("wait", "wait", t("等申请人补正") if for_staff else t("等您补正"))
    if branch.get("overdue"):
        return Mark("bad", "bad", t("已超期，正在督办"))
    if status == "claimed":
        return Mark("now", "now", t("正在办理"))
    if status == "open":
        return Mark("now", "now", t("没人认领") if for_staff else t("已送到，等经办人"))
    return Mark("quiet", "ahead", t("还没开始"))


def lanes(branches: Sequence[Mapping[str, Any]], t: Language) -> list[Stage]:
    """The river line of a running case."""
    return stages(branches, [Lane(b["key"], flow_of(b), branch_mark(b, t), b) for b in branches])


def planned(branches: Sequence[Mapping[str, Any]]) -> list[Stage]:
    """The river line of a procedure nobody has filed yet."""
    quiet = Mark("quiet", "ahead", "")
    return stages(branches, [Lane(b["key"], "plan", quiet, b) for b in branches])


def slip(case: Mapping[str, Any], reader: Reader, href: str = "") -> Slip:
    t = reader.t
    step = case.get("next") or {}
    due = step.get("due")
    return Slip(
        number=case["application_no"],
        name=t.of(case["title"]),
        mark=case_mark(case, t),
        what=t.of(step.get("what")),
        who=t.of(step.get("who")),
        due=t("最晚 {day}", day=reader.day(due)) if due else "",
        href=href,
        note=reader.left(due) if due and case["status"] in RUNNING else "",
    )


def now_and_you(case: Mapping[str, Any], reader: Reader) -> tuple[str, str]:
    """“现在：…” and “您要做：…”, as two plain sentences."""
    t = reader.t
    return _now(case, reader), _you(case, t)


def timeline(case: Mapping[str, Any], t: Language) -> list[tuple[str, str, str]]:
    """What has happened, newest first: (time, whose part or empty, words).

    What several departments did one after the other, without anything else between, is one line.
    """
    titles = {b["branch_no"]: t.of(b["title"]) for b in case.get("branches") or ()}
    found: list[tuple[str, str, str]] = []
    for entry in case.get("timeline") or ():
        at, title, text = entry["at"], titles.get(entry.get("branch_no"), ""), t.of(entry["text"])
        if title and found and found[-1][1] and found[-1][2] == text:
            title = t("、").join((found.pop()[1], title))
        found.append((at, title, text))
    return found[::-1]


def asks_for_correction(case: Mapping[str, Any]) -> bool:
    """True when the applicant has something to put right."""
    if case["status"] == "returned":
        return True
    return any(b["status"] == "suspended" and b.get("correction_request") for b in case.get("branches") or ())


def may_withdraw(case: Mapping[str, Any]) -> bool:
    return not case.get("withdrawal_requested_at") and case["status"] in (*RUNNING, "returned")


def _now(case: Mapping[str, Any], reader: Reader) -> str:
    t, status = reader.t, case["status"]
    due = (case.get("next") or {}).get("due")
    if (case.get("withdrawal") or {}).get("state") == "pending":
        return t("您已申请撤回，各部门正在停办。")
    if status in ("submitted", "awaiting_acceptance", "in_prereview"):
        if due:
            return t("已收到您的申请。窗口会在 {day}下班前告诉您是否受理。", day=reader.day(due))
        return t("已收到您的申请，正在核对材料。")
    if status == "returned":
        count = len((case.get("returned") or {}).get("reasons", ()))
        return t("还缺 {n} 样，一次补齐就行。", n=count)
    if status in ("accepted", "in_approval", "provisional"):
        return _running(case, reader)
    if status in ("decided", "delivering", "closed"):
        return _decided(case, t)
    return {
        "withdrawn": t("您已撤回这件申请，各部门都已停办。"),
        "terminated": t("这件申请已经终止。"),
        "not_accepted": t("这件申请不予受理，理由见下方。"),
    }.get(status, t("正在办理。"))


def _running(case: Mapping[str, Any], reader: Reader) -> str:
    t = reader.t
    branches = case.get("branches") or []
    due = (case.get("next") or {}).get("due")
    done = [t.of(b["title"]) for b in branches if b["status"] in ("answered", "silent")]
    doing = [t.of(b["title"]) for b in branches if b["status"] in ("open", "claimed", "suspended")]
    count = f"{case['answered']}/{case['required']}"
    if done and doing:
        text = t(
            "{done}已办好，{doing}正在办（{count}）。", done=_few(done, t), doing=_few(doing, t), count=count
        )
    elif len(doing) > 1:
        text = t("{n} 个部门已同时开始办理（{count}）。", n=len(doing), count=count)
    elif doing:
        text = t("{doing}正在办（{count}）。", doing=doing[0], count=count)
    else:
        text = t("已受理，正在送到各部门。")
    return text + (t("最晚 {day}。", day=reader.day(due)) if due else "")


def _few(titles: list[str], t: Language) -> str:
    """Up to two names; more are counted."""
    return t("、").join(titles) if len(titles) <= 2 else t("{n} 项", n=len(titles))


def _decided(case: Mapping[str, Any], t: Language) -> str:
    outcome = case.get("outcome")
    if outcome == "refused":
        return t("没有批准，理由和救济途径见各部门意见。")
    if outcome == "partly_granted":
        return t("一部分已经批准，一部分没有批准，理由见各部门意见。")
    if case["status"] == "closed":
        return t("全部办好了。")
    return t(
        "已经批准，还有后续登记在办（{answered}/{required}）。",
        **{"answered": case["answered"], "required": case["required"]},
    )


def _you(case: Mapping[str, Any], t: Language) -> str:
    if asks_for_correction(case):
        return t("请补正材料，补好一次提交。")
    if case["status"] == "withdrawn":
        return t("想重新办，可以再申请。")
    if case["status"] == "not_accepted":
        return t("可以按理由准备好再申请，也可以打大厅电话问。")
    if case.get("licences") and case["status"] not in RUNNING:
        return t("在下方查看您的证照，没有别的要做。")
    return t("现在不用做什么。有变化，本页会自己更新。")
