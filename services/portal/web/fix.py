"""Putting an application right: every reason beside its field or slot, sent once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import Response, request

from services.portal.answers import Wrong, check, read
from services.portal.clients import Refused
from services.portal.forms import Field, labels
from services.portal.papers import slot_view
from services.portal.web.apply import theirs
from services.portal.web.papers import upload
from services.portal.web.portal import city, go, language, note, page, portal
from services.portal.web.public import case_values


def fix_page(no: str) -> Response:
    """The page, and what was sent from it. Files are kept as they come, so that no mistake elsewhere
    on the page loses them; they count once all is right."""
    here, t = city(), language()
    found = here.application(no)
    form = here.application_form(no)
    procedure = portal().public("procedure", found["procedure"], found.get("version"))
    answers = dict(form["form"])
    asked = _asked(found, here.corrections(no) if found["status"] != "returned" else [], procedure, answers)
    errors: list[Wrong] = []
    if request.method == "POST":
        fields = [f for one in asked for f, _ in one["fields"]]
        changes = read(fields, request.form)
        answers |= changes
        errors = check(fields, answers, t) + _uploads(no, asked)
        if not errors:
            errors = _send(no, found, asked, answers, changes)
        if not errors:
            note(t("已收到您的补正，办理接着走。"))
            return go("cases.case", no=no)
    shown = {code for one in asked for code, _ in one["slots"]}
    slots = {
        s["code"]: slot_view(s | {"state": "rejected"} if s["code"] in shown and not is_waiting(s) else s, t)
        for s in (here.materials(no) if asked else ())
    }
    more = [s for code, s in slots.items() if s.id in {w.field for w in errors} and code not in shown]
    return page(
        "fix.html",
        422 if errors else 200,
        requests=asked,
        slots=slots,
        more=more,
        values=answers,
        errors=errors,
        wrong={w.field: w.message for w in errors},
        key=request.form.get("key") or uuid4().hex,
        **case_values(found),
    )


def _asked(
    case: dict[str, Any],
    corrections: list[dict[str, Any]],
    procedure: dict[str, Any],
    answers: dict[str, Any],
) -> list[dict[str, Any]]:
    """Who asks for what: by department, or the desk for the whole."""
    known = labels(procedure["form"], language(), answers)
    materials = {code for b in procedure["branches"] for code in b["materials"]}
    departments = {b["branch_no"]: b["department_name"] for b in case["branches"]}
    found = _returned(case) or corrections
    for one in found:
        one["department_name"] = departments.get(one["branch_no"])
        one["fields"] = [(known[r["field"]], r["reason"]) for r in one["requests"] if r["field"] in known]
        one["slots"] = [(r["field"], r["reason"]) for r in one["requests"] if r["field"] in materials]
        one["others"] = [r for r in one["requests"] if r["field"] not in materials | known.keys()]
    return found


def _returned(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Sent back before acceptance: one request of the whole, without a branch."""
    if case["status"] != "returned":
        return []
    reasons = (case.get("returned") or {}).get("reasons", ())
    due = (case.get("next") or {}).get("due")
    return [{"branch_no": None, "requests": [dict(r) for r in reasons], "due": due}]


def _uploads(no: str, asked: list[dict[str, Any]]) -> list[Wrong]:
    """Send the files that came; a slot that was asked for needs one, now or from an earlier try."""
    here, t = city(), language()
    errors: list[Wrong] = []
    for name in request.files:
        if name.startswith("file.") and name.removeprefix("file."):
            code = name.removeprefix("file.")
            errors += upload(f"applications/{no}", code, (name, f"photo.{code}")) or []
    named = {code for one in asked for code, _ in one["slots"]}
    told = {w.field for w in errors}
    for slot in here.materials(no):
        if slot["code"] in named and not is_waiting(slot) and f"material-{slot['code']}" not in told:
            words = t("请重新上传{title}", title=t.of(slot["title"]))
            errors.append(Wrong(f"material-{slot['code']}", words))
    return errors


def is_waiting(slot: Mapping[str, Any]) -> bool:
    """Whether something new was uploaded that has not been sent with a correction."""
    return bool(slot["file"]) and not slot["file"]["handed_in_at"]


def _send(
    no: str,
    case: dict[str, Any],
    asked: list[dict[str, Any]],
    answers: dict[str, Any],
    changes: dict[str, Any],
) -> list[Wrong]:
    here, key = city(), request.form.get("key") or uuid4().hex
    try:
        if case["status"] == "returned":
            here.resubmit(no, {k: v for k, v in answers.items() if v is not None}, key)
            return []
        for one in asked:
            fields: list[Field] = [f for f, _ in one["fields"]]
            mine = {f.name: changes[f.name] for f in fields if changes.get(f.name) is not None}
            remark = request.form.get(f"note-{one['branch_no']}", "").strip()
            here.correct(no, one["branch_no"], mine, remark, f"{key}-{one['branch_no']}")
    except Refused as refused:
        if refused.status != 422:
            raise
        return [Wrong(w.field.removeprefix("changes."), w.message) for w in theirs(refused)]
    return []
