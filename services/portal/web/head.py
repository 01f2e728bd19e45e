"""The head's desk, on the phone first: what waits for a decision, what is late, next week's load."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, request

from services.portal.clients import City, Refused
from services.portal.web.portal import city, go, language, note, page, reader, requires
from services.portal.web.public import names_of

pages = Blueprint("head", __name__, url_prefix="/head")

REASONS = {
    "extend": ("情况属实，同意延期", "理由不足，请按期办结"),
    "sign": ("事实清楚，依据充分，同意", "依据不足，请补充后再报"),
}
"""Ready words, so that a decision takes two taps: (yes, no)."""


@pages.get("")
@requires("approver", "officer")
def desk() -> Response:
    return _desk({})


def _desk(errors: dict[str, str]) -> Response:
    here = city()
    found = here.head_desk()
    waiting = [*found["extensions"], *found["signatures"]]
    accounts = [{"handler": w.get("asked_by") or w.get("proposed_by")} for w in waiting]
    accounts += [{"handler": s["responsible"]} for s in found["supervisions"]]
    branches = [*found["late"], *(w["branch"] for w in waiting)]
    return page(
        "head.html",
        422 if errors else 200,
        found=found,
        names=names_of(here, [*accounts, *branches]),
        applicants=_applicants(here, branches),
        most=max((d["due"] for d in found["days"]), default=0),
        reasons=REASONS,
        reader=reader(),
        errors=errors,
        typed=request.form,
        key=uuid4().hex,
    )


def _applicants(here: City, branches: list[dict[str, Any]]) -> dict[str, str]:
    try:
        return here.masked_names(b["applicant"] for b in branches if b.get("applicant"))
    except Refused:
        return {}


@pages.post("/<any(extension, signature, supervision):what>/<branch_no>")
@requires("approver", "officer")
def decide(what: str, branch_no: str) -> Response:
    """A decision with its reason; a reason in one's own words goes before the ready one."""
    t, form = language(), request.form
    reason = form.get("words", "").strip() or form.get("reason", "").strip()
    yes, key = form.get("act") == "yes", form.get("key") or uuid4().hex
    if not reason:
        return _desk({f"reason-{branch_no}": t("请选一条理由，或自己写")})
    here = city()
    try:
        if what == "extension":
            here.decide_extension(branch_no, yes, reason, key)
        elif what == "signature":
            here.sign(branch_no, yes, reason, key)
        else:
            here.answer_supervision(branch_no, reason, key)
    except Refused as refused:
        if refused.status not in (403, 409):
            raise
        note(refused.detail, "wait")
    else:
        done = {
            "extension": t("已批准延期，申请人会看到理由和新期限。") if yes else t("已退回，期限不变。"),
            "signature": t("已签批，决定生效。") if yes else t("已退回经办人。"),
            "supervision": t("督办已答复，督查人员会核对。"),
        }
        note(done[what])
    return go("head.desk")
