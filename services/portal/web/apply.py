"""Filing an application: a start page, a few questions a page, a check, and one submission."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, request, url_for

from chassis.web import current_database
from services.portal import handlers
from services.portal.answers import Wrong, check, merge, read, row_count, said
from services.portal.clients import Refused
from services.portal.forms import Step, is_asked, labels, step_of, steps
from services.portal.orm import Draft
from services.portal.web.portal import (
    account,
    city,
    go,
    is_elder,
    language,
    note,
    page,
    portal,
    reader,
    requires,
)

pages = Blueprint("apply", __name__, url_prefix="/apply")


@pages.get("/<code>")
@requires("person", "firm")
def start(code: str) -> Response:
    procedure = portal().public("procedure", code)
    if not procedure["open"]:
        return go("public.package", code=code)
    with current_database().read() as reading:
        drafts = handlers.drafts_of(account()["account_id"], reading)
    open_draft = next((d for d in drafts if d.procedure == code), None)
    return page(
        "apply_start.html",
        procedure=procedure,
        pages=steps(procedure["form"], language(), open_draft.answers if open_draft else {}),
        draft=open_draft,
    )


@pages.post("/<code>")
@requires("person", "firm")
def begin(code: str) -> Response:
    if not portal().public("procedure", code)["open"]:
        return go("public.package", code=code)
    with current_database().transaction() as uow:
        draft_id = handlers.begin(str(uuid4()), account()["account_id"], code, uow)
    return go("apply.step", draft_id=draft_id, number=1)


@pages.route("/<draft_id>/<int:number>", methods=["GET", "POST"])
@requires("person", "firm")
def step(draft_id: str, number: int) -> Response:
    draft, procedure = _open(draft_id)
    if draft.application_no:
        return go("cases.done", no=draft.application_no)
    asked = _steps(procedure, draft.answers)
    if not 1 <= number <= len(asked):
        return go("apply.check_answers", draft_id=draft_id)
    this = asked[number - 1]
    if request.method == "GET":
        return _step_page(draft, procedure, asked, this, draft.answers)
    answers = merge(draft.answers, read(this.fields, request.form))
    with current_database().transaction() as uow:
        draft = handlers.save(draft_id, account()["account_id"], answers, uow)
    if change := re.fullmatch(r"(add|remove):([\w-]+)(?::(\d+))?", request.form.get("act", "")):
        return _step_page(draft, procedure, asked, this, answers, rows=_rows(change))
    if request.form.get("act") == "later":
        note(language()("已保存，随时可以接着填。"))
        return go("public.space")
    errors = check(this.fields, answers, language())
    if errors:
        return _step_page(draft, procedure, asked, this, answers, errors)
    if request.form.get("back") == "check" or number >= len(_steps(procedure, answers)):
        return go("apply.check_answers", draft_id=draft_id)
    return go("apply.step", draft_id=draft_id, number=number + 1)


@pages.get("/<draft_id>/check")
@requires("person", "firm")
def check_answers(draft_id: str) -> Response:
    draft, procedure = _open(draft_id)
    if draft.application_no:
        return go("cases.done", no=draft.application_no)
    return _check_page(draft, procedure, [])


@pages.post("/<draft_id>/check")
@requires("person", "firm")
def submit(draft_id: str) -> Response:
    draft, procedure = _open(draft_id)
    if draft.application_no:
        return go("cases.done", no=draft.application_no)
    t = language()
    errors = _all_errors(procedure, draft.answers)
    if not errors and request.form.get("declared") != "yes":
        errors = [Wrong("declared", t("请确认您填写的内容真实"))]
    if errors:
        return _check_page(draft, procedure, errors)
    form = _asked_only(procedure, draft.answers)
    try:
        receipt = city().submit(draft.procedure, form, draft.key)
    except Refused as refused:
        if refused.status != 422:
            raise
        return _check_page(draft, procedure, _theirs(refused))
    with current_database().transaction() as uow:
        handlers.filed(draft_id, account()["account_id"], receipt, uow)
    return go("cases.done", no=receipt["application_no"])


@pages.post("/<draft_id>/discard")
@requires("person", "firm")
def discard(draft_id: str) -> Response:
    with current_database().transaction() as uow:
        handlers.discard(draft_id, account()["account_id"], uow)
    note(language()("草稿已删除。"))
    return go("public.space")


def _open(draft_id: str) -> tuple[Draft, dict[str, Any]]:
    with current_database().read() as reading:
        draft = handlers.draft_of(draft_id, account()["account_id"], reading)
    return draft, portal().public("procedure", draft.procedure)


def _steps(procedure: dict[str, Any], answers: dict[str, Any]) -> list[Step]:
    return steps(procedure["form"], language(), answers, at_most=1 if is_elder() else 7)


def _step_page(
    draft: Draft,
    procedure: dict[str, Any],
    asked: list[Step],
    this: Step,
    answers: dict[str, Any],
    errors: list[Wrong] | None = None,
    rows: dict[str, list[dict[str, Any]]] | None = None,
) -> Response:
    values = {**answers, **(rows or {})}
    return page(
        "apply_step.html",
        422 if errors else 200,
        draft=draft,
        procedure=procedure,
        step=this,
        count=len(asked),
        values=values,
        errors=errors or [],
        wrong={w.field: w.message for w in errors or []},
        back=request.values.get("back", ""),
    )


def _rows(change: re.Match[str]) -> dict[str, list[dict[str, Any]]]:
    """The rows of a repeated question as they stand on the page, one more or one less."""
    act, name, number = change.groups()
    kept = [
        {key.split(".", 2)[2]: value for key, value in request.form.items() if key.startswith(f"{name}.{i}.")}
        for i in range(row_count(name, request.form))
        if not (act == "remove" and str(i) == number)
    ]
    return {name: [*kept, {}] if act == "add" else kept}


def _check_page(draft: Draft, procedure: dict[str, Any], errors: list[Wrong]) -> Response:
    asked = _steps(procedure, draft.answers)
    t = language()
    links = {
        w.field: f"#{w.field}" * bool(w.field)
        if w.field in ("", "declared")
        else url_for("apply.step", draft_id=draft.draft_id, number=step_of(asked, w.field), back="check")
        + f"#{w.field}"
        for w in errors
    }
    groups: list[dict[str, Any]] = []
    for this in asked:
        lines = [(f, said(f, draft.answers.get(f.name), t), this.number) for f in this.fields]
        if groups and groups[-1]["title"] == this.title:
            groups[-1]["lines"] += lines
        else:
            groups.append({"title": this.title, "lines": lines})
    return page(
        "apply_check.html",
        422 if errors else 200,
        draft=draft,
        procedure=procedure,
        groups=groups,
        last=len(asked),
        errors=errors,
        links=links,
        wrong={w.field: w.message for w in errors},
        reader=reader(),
    )


def _all_errors(procedure: dict[str, Any], answers: dict[str, Any]) -> list[Wrong]:
    return [w for this in _steps(procedure, answers) for w in check(this.fields, answers, language())]


def _asked_only(procedure: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    form = procedure["form"]
    known = labels(form, language(), answers)
    return {name: v for name, v in answers.items() if name in known and is_asked(form, name, answers)}


def _theirs(refused: Refused) -> list[Wrong]:
    """What intake found wrong, by the names our pages use."""
    code = language().code
    return [
        Wrong(e["field"].removeprefix("form."), e.get(code) or e.get("zh") or "")
        for e in refused.problem.get("errors", ())
    ] or [Wrong("", refused.detail)]
