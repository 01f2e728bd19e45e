"""An officer's other tools: take next, many alike, pauses, extensions, templates, filters, absence."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, request

from chassis.workdays import CLOSES, SHANGHAI
from services.portal.clients import Refused
from services.portal.web.portal import account, city, go, language, note, page, requires
from services.portal.web.public import names_of
from services.portal.web.work import ANSWERS, branch_page

pages = Blueprint("desk", __name__, url_prefix="/work")

DAY_BEGINS = time(0)


def _key() -> str:
    return request.form.get("key") or uuid4().hex


def _text(name: str) -> str:
    return request.form.get(name, "").strip()


@pages.post("/next")
@requires("officer")
def take_next() -> Response:
    try:
        taken = city().take_next(uuid4().hex)
    except Refused as refused:
        if refused.status != 404:
            raise
        note(refused.detail, "wait")
        return go("work.inbox")
    return go("work.branch", branch_no=taken["branch_no"], show="mine")


@pages.get("/many")
@requires("officer")
def many() -> Response:
    return _many(request.args.getlist("no"), {})


@pages.post("/many")
@requires("officer")
def answer_many() -> Response:
    t, numbers = language(), request.form.getlist("no")
    said = {name: text for name in ("answer", "opinion", "conditions", "note") if (text := _text(name))}
    errors = {}
    if not numbers:
        errors["no"] = t("请至少勾选一件")
    if "answer" not in said:
        errors["answer"] = t("请选择您的答复")
    if said.get("answer") in ("refuse", "unable") and "opinion" not in said:
        errors["opinion"] = t("请写明理由，申请人会看到")
    if said.get("answer") == "agree_with_conditions" and "conditions" not in said:
        errors["conditions"] = t("请写明条件")
    if errors:
        return _many(numbers, errors)
    here = city()
    try:
        results = here.answer_many(numbers, said, _key())
    except Refused as refused:
        if refused.status != 422:
            raise
        return _many(numbers, {"": refused.detail})
    done = sum(r["outcome"] in ("answered", "awaiting_signature") for r in results)
    return page("many.html", results=results, done=done, names=names_of(here, _holders(results)))


def _holders(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"handler": r.get("holder")} for r in results]


def _many(numbers: list[str], errors: dict[str, str]) -> Response:
    here, me = city(), account()["account_id"]
    rows = {row["branch_no"]: row for row in here.inbox()}
    chosen = [rows[n] for n in numbers if n in rows]
    free = [r for r in chosen if r["status"] == "open" or r.get("handler") == me]
    kind = free[0]["kind"] if free else "decide"
    return page(
        "many.html",
        422 if errors else 200,
        rows=free,
        gone=[r for r in chosen if r not in free],
        missing=len(set(numbers)) - len(chosen),
        names=names_of(here, chosen),
        answers=ANSWERS[kind],
        kind=kind,
        templates=here.templates(),
        errors=errors,
        typed=request.form,
        key=uuid4().hex,
        results=None,
    )


@pages.post("/<branch_no>/pause")
@requires("officer")
def pause(branch_no: str) -> Response:
    errors: dict[str, str] = {}
    t = language()
    ground, reason, end = _text("ground"), _text("pause"), _text("expected_end")
    if not ground:
        errors["ground"] = t("请选择依法暂停的事由")
    if not reason:
        errors["pause"] = t("请写明理由，申请人会看到")
    if errors:
        return branch_page(branch_no, errors)
    body = {"ground": ground, "reason": reason} | ({"expected_end": end} if end else {})
    return _acted(branch_no, "suspend", body, t("已暂停计时，申请人会看到理由。"))


@pages.post("/<branch_no>/resume")
@requires("officer")
def resume(branch_no: str) -> Response:
    return _acted(branch_no, "resume", {}, language()("已恢复计时，期限已经顺延。"))


@pages.post("/<branch_no>/extend")
@requires("officer")
def extend(branch_no: str) -> Response:
    errors: dict[str, str] = {}
    t = language()
    days, reason = _text("days"), _text("extend")
    if not (days.isascii() and days.isdigit() and 0 < int(days) < 400):
        errors["days"] = t("请写整天数，比如 5")
    if not reason:
        errors["extend"] = t("请写明理由，申请人会看到")
    if errors:
        return branch_page(branch_no, errors)
    body = {"days": int(days), "reason": reason}
    return _acted(branch_no, "extension", body, t("已送负责人批，批准前期限不变。"))


def _acted(branch_no: str, act: str, body: dict[str, Any], done: str) -> Response:
    try:
        city().act(branch_no, act, body, _key())
    except Refused as refused:
        if refused.status == 422:
            told = {e["field"]: e[language().code] for e in refused.problem.get("errors", ())}
            return branch_page(branch_no, {"": refused.detail} | told)
        if refused.status != 409:
            raise
        note(refused.detail, "wait")
    else:
        note(done)
    return go("work.branch", branch_no=branch_no)


@pages.post("/<branch_no>/explain")
@requires("officer")
def explain(branch_no: str) -> Response:
    t, words = language(), _text("answer")
    if not words:
        note(t("请先写答复"), "wait")
        return go("work.branch", branch_no=branch_no)
    try:
        city().answer_supervision(branch_no, words, _key())
    except Refused as refused:
        if refused.status not in (403, 409):
            raise
        note(refused.detail, "wait")
    else:
        note(t("督办已答复，督查人员会核对。"))
    return go("work.branch", branch_no=branch_no)


@pages.post("/filters")
@requires("officer")
def keep_filter() -> Response:
    t, name = language(), _text("name")
    query = {n: v for n in ("show", "light", "item") if (v := _text(n)) and v != "answered"}
    if not name:
        note(t("请给筛选起个名字"), "wait")
    else:
        try:
            city().keep_filter(name, query)
        except Refused as refused:
            if refused.status not in (409, 422):
                raise
            note(refused.detail, "wait")
        else:
            note(t("筛选已存好。"))
    return go("work.inbox", **query)


@pages.post("/filters/drop")
@requires("officer")
def drop_filter() -> Response:
    city().drop_filter(_text("name"))
    return go("work.inbox")


@pages.route("/opinions", methods=["GET", "POST"])
@requires("officer", "approver")
def opinions() -> Response:
    """The department's templates for opinions and one's own."""
    errors: dict[str, str] = {}
    t = language()
    if request.method == "POST":
        body: dict[str, Any] = {name: _text(name) for name in ("answer", "title", "text")}
        errors = {name: t("请填写") for name, value in body.items() if not value}
        if not errors:
            try:
                city().keep_template(body | {"shared": "shared" in request.form}, _key())
            except Refused as refused:
                if refused.status not in (403, 409, 422):
                    raise
                errors = {"": refused.detail}
            else:
                note(t("模板已存好。"))
                return go("desk.opinions")
    return page(
        "opinions.html",
        422 if errors else 200,
        templates=city().templates(),
        errors=errors,
        typed=request.form,
        key=uuid4().hex,
    )


@pages.post("/opinions/drop")
@requires("officer", "approver")
def drop_opinion() -> Response:
    try:
        city().drop_template(_text("id"))
    except Refused as refused:
        if refused.status != 404:
            raise
    return go("desk.opinions")


@pages.route("/absence", methods=["GET", "POST"])
@requires("officer", "approver")
def absence() -> Response:
    """Who stands in for whom in the department."""
    errors: dict[str, str] = {}
    t, here = language(), city()
    if request.method == "POST":
        body, errors = _absence(t)
        if not errors:
            try:
                here.delegate(body, _key())
            except Refused as refused:
                if refused.status not in (403, 422):
                    raise
                told = {e["field"]: e[t.code] for e in refused.problem.get("errors", ())}
                errors = told or {"": refused.detail}
            else:
                note(t("委托已登记，期间对方可以接手您手上的件。"))
                return go("desk.absence")
    running, colleagues = here.delegations(), here.colleagues()
    wanted = {a for d in running for a in (d["absent"], d["delegate"], d["given_by"])} | set(colleagues)
    return page(
        "absence.html",
        422 if errors else 200,
        delegations=running,
        colleagues=colleagues,
        names=names_of(here, [{"handler": a} for a in wanted]),
        errors=errors,
        typed=request.form,
        key=uuid4().hex,
    )


@pages.post("/absence/end")
@requires("officer", "approver")
def end_absence() -> Response:
    try:
        city().end_delegation(_text("id"))
    except Refused as refused:
        if refused.status != 404:
            raise
    return go("desk.absence")


def _absence(t: Any) -> tuple[dict[str, Any], dict[str, str]]:
    errors: dict[str, str] = {}
    body: dict[str, Any] = {"delegate": _text("delegate")}
    if not body["delegate"]:
        errors["delegate"] = t("请选择谁来代")
    for name, hour in (("begins", DAY_BEGINS), ("ends", CLOSES)):
        try:
            body[name] = datetime.combine(date.fromisoformat(_text(name)), hour, SHANGHAI).isoformat()
        except ValueError:
            errors[name] = t("请选择日期")
    if absent := _text("absent"):
        body["absent"] = absent
    return body, errors
