"""Filing an application: a start page, a few questions a page, materials, a check, and one submission."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.datastructures import MultiDict

from chassis.web import current_database
from services.portal import handlers
from services.portal.answers import Wrong, check, merge, read, row_count, said
from services.portal.clients import Refused, Unreachable
from services.portal.finding import ANSWER, answers_in
from services.portal.forms import Step, step_of, steps
from services.portal.holdings import certificate_views
from services.portal.papers import any_open, missing_uploads, slot_views
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

CHANGE_ROWS = re.compile(r"(add|remove):([\w-]+)(?::(\d+))?")


@pages.get("/<code>")
@requires("person", "firm")
def start(code: str) -> Response:
    procedure = portal().public("procedure", code)
    if not procedure["open"]:
        return _closed(procedure)
    said_in_guide = answers_in(request.args)
    draft = next((d for d in city().drafts() if d["procedure"] == code), None)
    known = [f for f in procedure["form"]["properties"].values() if f.get("x-prefill")]
    return page(
        "apply_start.html",
        procedure=procedure,
        pages=steps(procedure["form"], language(), draft["answers"] if draft else {}),
        draft=draft,
        resume=portal().draft_links.seal(draft["draft_id"]) if draft else "",
        can_fill_in=bool(known),
        brought=_brought(code, said_in_guide),
        carried={f"{ANSWER}{key}": value for key, value in said_in_guide.items()},
    )


@pages.post("/<code>")
@requires("person", "firm")
def begin(code: str) -> Response:
    procedure = portal().public("procedure", code)
    if not procedure["open"]:
        return _closed(procedure)
    brought = _brought(code, answers_in(request.args))
    draft = city().begin_draft(code, request.form.get("prefill") == "yes", brought)
    return go("apply.step", draft_id=draft["draft_id"], number=1)


@pages.route("/<draft_id>/<int:number>", methods=["GET", "POST"])
@requires("person", "firm")
def step(draft_id: str, number: int) -> Response:
    draft, procedure = open_draft(draft_id)
    if draft["application_no"]:
        return go("cases.done", no=draft["application_no"])
    asked = steps_of(procedure, draft["answers"])
    if not 1 <= number <= len(asked):
        return go("apply.check_answers", draft_id=draft_id)
    this = asked[number - 1]
    if request.method == "GET":
        return _asked_page(draft, procedure, asked, this)
    typed = read(this.fields, request.form)
    saved, conflicts = _save(draft, typed)
    with current_database().transaction() as uow:
        handlers.drop_answers(account()["account_id"], request.path, uow)
    answers = merge(saved["answers"], typed)
    if conflicts:
        return _step_page(saved, procedure, asked, this, answers, conflicts, status=409)
    if change := CHANGE_ROWS.fullmatch(request.form.get("act", "")):
        return _step_page(saved, procedure, asked, this, answers, rows=_rows(change))
    if request.form.get("act") == "later":
        note(language()("已保存，随时可以接着填。"))
        return go("public.space")
    errors = check(this.fields, answers, language())
    if errors:
        return _step_page(saved, procedure, asked, this, answers, errors)
    if request.form.get("back") == "check":
        return go("apply.check_answers", draft_id=draft_id)
    if number >= len(steps_of(procedure, answers)):
        after = "apply.materials" if any_open(saved["materials"]) else "apply.check_answers"
        return go(after, draft_id=draft_id)
    return go("apply.step", draft_id=draft_id, number=number + 1)


@pages.get("/<draft_id>/materials")
@requires("person", "firm")
def materials(draft_id: str) -> Response:
    draft, procedure = open_draft(draft_id)
    if draft["application_no"]:
        return go("cases.done", no=draft["application_no"])
    return materials_page(draft, procedure, [])


@pages.get("/<draft_id>/check")
@requires("person", "firm")
def check_answers(draft_id: str) -> Response:
    draft, procedure = open_draft(draft_id)
    if draft["application_no"]:
        return go("cases.done", no=draft["application_no"])
    return check_page(draft, procedure, [])


@pages.post("/<draft_id>/check")
@requires("person", "firm")
def submit(draft_id: str) -> Response:
    draft, procedure = open_draft(draft_id)
    if draft["application_no"]:
        return go("cases.done", no=draft["application_no"])
    t = language()
    answers = draft["answers"]
    if _agree(draft):
        draft = city().draft(draft_id)
    errors = [w for this in steps_of(procedure, answers) for w in check(this.fields, answers, t)]
    errors += missing_uploads(draft["materials"], t)
    if request.form.get("declared") != "yes":
        errors.append(Wrong("declared", t("请确认您填写的内容真实")))
    if errors:
        return check_page(draft, procedure, errors)
    try:
        receipt = city().submit_draft(draft_id, _seen(draft))
    except Refused as refused:
        if refused.status == 412:
            return look_again(draft_id)
        if refused.slug == "signatures-needed":
            return go("signing.signers", draft_id=draft_id)
        if refused.status != 422:
            raise
        return check_page(draft, procedure, theirs(refused))
    return go("cases.done", no=receipt["application_no"])


@pages.post("/<draft_id>/discard")
@requires("person", "firm")
def discard(draft_id: str) -> Response:
    city().discard_draft(draft_id)
    note(language()("草稿已删除。"))
    return go("public.space")


def _closed(procedure: dict[str, Any]) -> Response:
    """Back to the guide, which says since when it is closed."""
    kind = "package" if procedure["kind"] == "package" else "item"
    return go(f"public.{kind}", code=procedure["code"])


def _brought(code: str, answers: dict[str, str]) -> dict[str, Any]:
    """What the guide's answers mean for the form; the form stands without them while the guide is away."""
    if not answers:
        return {}
    try:
        found: dict[str, Any] = portal().city(lang=language().code).guide(code, answers)["form"]
    except (Refused, Unreachable):
        return {}
    return found


def _agree(draft: dict[str, Any]) -> bool:
    """Pass on which certificates may be used, those that were shown; whether anything was passed on."""
    shown, ticked = request.form.getlist("offered"), request.form.getlist("certificate")
    decided = {code: code in ticked for code in shown}
    if decided:
        city().agree(draft["draft_id"], decided)
    return bool(decided)


def open_draft(draft_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    draft = city().draft(draft_id)
    return draft, portal().public("procedure", draft["procedure"])


def steps_of(procedure: dict[str, Any], answers: dict[str, Any]) -> list[Step]:
    return steps(procedure["form"], language(), answers, at_most=1 if is_elder() else 7)


def materials_page(draft: dict[str, Any], procedure: dict[str, Any], errors: list[Wrong]) -> Response:
    shown = slot_views(draft["materials"], language())
    kept: dict[str, list[dict[str, Any]]] = {}
    for file in city().kept():
        kept.setdefault(file["code"], []).append(file)
    return page(
        "apply_materials.html",
        422 if errors else 200,
        draft=draft,
        procedure=procedure,
        count=len(steps_of(procedure, draft["answers"])),
        mine=sorted((s for s in shown if s.open), key=lambda s: not s.needed),
        held=[s for s in shown if not s.open],
        left=len(missing_uploads(draft["materials"], language())),
        kept=kept,
        errors=errors,
        wrong={w.field: w.message for w in errors},
    )


def look_again(draft_id: str) -> Response:
    """It was changed elsewhere: nothing is sent unseen."""
    note(language()("内容刚才在别处改过，请再看一遍，然后提交。"), "wait")
    return go("apply.check_answers", draft_id=draft_id)


def groups_of(asked: list[Step], answers: dict[str, Any]) -> list[dict[str, Any]]:
    """Answers to look over, by the groups of the form: field, answer in words, number of its page."""
    t = language()
    groups: list[dict[str, Any]] = []
    for this in asked:
        lines = [(f, said(f, answers.get(f.name), t), this.number) for f in this.fields]
        if groups and groups[-1]["title"] == this.group:
            groups[-1]["lines"] += lines
        else:
            groups.append({"title": this.group, "lines": lines})
    return groups


def theirs(refused: Refused) -> list[Wrong]:
    """What intake found wrong, by the names our pages use."""
    code = language().code
    return [
        Wrong(
            e["field"].removeprefix("form.").replace("materials.", "material-", 1),
            e.get(code) or e.get("zh") or "",
        )
        for e in refused.problem.get("errors", ())
    ] or [Wrong("", refused.detail)]


def _seen(draft: dict[str, Any]) -> int:
    """The revision that the page at hand was made from."""
    text = request.form.get("seen", "")
    return int(text) if text.isdecimal() and len(text) < 10 else int(draft["revision"])


def _save(draft: dict[str, Any], typed: dict[str, Any]) -> tuple[dict[str, Any], list[Wrong]]:
    """Save a page's answers beside whatever was saved elsewhere meanwhile.

    When the same question was answered differently there, nothing is saved: the page shows both.
    """
    answers = {name: None if value in ("", []) else value for name, value in typed.items()}
    seen = _seen(draft)
    while True:
        try:
            return city().save_draft(draft["draft_id"], answers, seen), []
        except Refused as refused:
            if refused.status != 412:
                raise
            seen, changed = refused.problem["revision"], refused.problem["changed"]
        both = [name for name in answers if name in changed and changed[name] != answers[name]]
        if both:
            latest, procedure = open_draft(draft["draft_id"])
            return latest, _conflicts(procedure, both, changed)


def _conflicts(procedure: dict[str, Any], names: list[str], changed: dict[str, Any]) -> list[Wrong]:
    t = language()
    fields = {f.name: f for this in steps_of(procedure, changed) for f in this.fields}
    found = []
    for name in names:
        there = said(fields[name], changed[name], t) if name in fields else ""
        if isinstance(there, str) and there:
            words = t("另一处刚才填的是“{value}”。要以这一页为准，请再点一次“继续”", value=there)
        else:
            words = t("另一处刚才改过这一项。要以这一页为准，请再点一次“继续”")
        found.append(Wrong(name, words))
    return found


def _asked_page(draft: dict[str, Any], procedure: dict[str, Any], asked: list[Step], this: Step) -> Response:
    """The page as saved, or as it was typed just before the session ended."""
    with current_database().read() as reading:
        kept = handlers.kept_answers(account()["account_id"], request.path, reading)
    if kept is None:
        return _step_page(draft, procedure, asked, this, draft["answers"])
    typed = MultiDict(kept)
    answers = merge(draft["answers"], read(this.fields, typed))
    return _step_page(draft, procedure, asked, this, answers, seen=typed.get("seen", draft["revision"]))


def _step_page(
    draft: dict[str, Any],
    procedure: dict[str, Any],
    asked: list[Step],
    this: Step,
    answers: dict[str, Any],
    errors: list[Wrong] | None = None,
    rows: dict[str, list[dict[str, Any]]] | None = None,
    seen: Any = None,
    status: int = 422,
) -> Response:
    t = language()
    origins = {
        name: t.of(origin)
        for name, origin in draft["origins"].items()
        if answers.get(name) == draft["answers"].get(name)
    }
    return page(
        "apply_step.html",
        status if errors else 200,
        draft=draft,
        procedure=procedure,
        step=this,
        count=len(asked) + any_open(draft["materials"]),
        values={**answers, **(rows or {})},
        origins=origins,
        said=lambda field: said(field, answers.get(field.name), t),
        errors=errors or [],
        wrong={w.field: w.message for w in errors or []},
        restored=seen is not None,
        seen=draft["revision"] if seen is None else seen,
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


def check_page(draft: dict[str, Any], procedure: dict[str, Any], errors: list[Wrong]) -> Response:
    answers = draft["answers"]
    asked = steps_of(procedure, answers)
    t = language()
    reuse = {slot["code"] for slot in draft["materials"] if slot["how"] == "reuse" and not slot.get("file")}
    held: dict[str, Any] = {"library": True, "items": []}
    if reuse:
        held = city().draft_certificates(draft["draft_id"])
    return page(
        "apply_check.html",
        422 if errors else 200,
        draft=draft,
        procedure=procedure,
        groups=groups_of(asked, answers),
        slots=slot_views(draft["materials"], t),
        certificates=certificate_views((c for c in held["items"] if c["code"] in reuse), reader()),
        library=held["library"],
        has_materials=any_open(draft["materials"]),
        last=len(asked) + any_open(draft["materials"]),
        asked=len(asked),
        errors=errors,
        links={w.field: _link(w.field, draft["draft_id"], asked) for w in errors},
        wrong={w.field: w.message for w in errors},
        reader=reader(),
    )


def _link(field: str, draft_id: str, asked: list[Step]) -> str:
    """Where this can be put right."""
    if field in ("", "declared"):
        return f"#{field}" * bool(field)
    if field.startswith("material-"):
        return url_for("apply.materials", draft_id=draft_id) + f"#{field}"
    number = step_of(asked, field)
    return url_for("apply.step", draft_id=draft_id, number=number, back="check") + f"#{field}"
