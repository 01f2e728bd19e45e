"""The officer's desk: the inbox by legal due date, one branch beside it, and acceptance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, request, url_for

from chassis.web import current_feed
from services.portal import views
from services.portal.answers import said
from services.portal.clients import City, Refused, Unreachable
from services.portal.forms import labels
from services.portal.papers import ended_certificates, issuers, slot_views
from services.portal.web import firms
from services.portal.web.portal import account, city, go, language, note, page, portal, reader, requires
from services.portal.web.public import FIRST_PAGES, case_values, names_of
from services.portal.web.signing import signatures_of

pages = Blueprint("work", __name__, url_prefix="/work")

FILTERS = ("todo", "free", "mine", "suspended", "task", "answered")
LIGHTS = ("yellow", "red", "black")
MANY = 100
GROUNDS = {
    "hearing": "听证",
    "inspection": "检验",
    "testing": "检测",
    "quarantine": "检疫",
    "appraisal": "鉴定",
    "expert_review": "专家评审",
}
"""What stops both clocks (Administrative License Law, art. 45)."""
ANSWERS = {
    "decide": ("agree", "agree_with_conditions", "refuse"),
    "consult": ("agree", "agree_with_conditions"),
    "register": ("agree", "unable"),
    "record": ("agree", "unable"),
    "site_visit": ("agree", "agree_with_conditions"),
}


@pages.get("")
@requires(*FIRST_PAGES)
def inbox() -> Response:
    roles = account()["roles"]
    if "officer" not in roles:
        return go(next(first for role, first in FIRST_PAGES.items() if role in roles))
    return page("work.html", **_list(city()), branch=None)


@pages.get("/<branch_no>")
@requires("officer")
def branch(branch_no: str) -> Response:
    return branch_page(branch_no, {})


@pages.post("/<branch_no>/<any(claim, release):act>")
@requires("officer")
def hold(branch_no: str, act: str) -> Response:
    try:
        city().act(branch_no, act, {}, uuid4().hex)
    except Refused as refused:
        if refused.status != 409:
            raise
        note(refused.detail, "wait")
    return go("work.branch", branch_no=branch_no, show=request.args.get("show"))


@pages.post("/<branch_no>/answer")
@requires("officer")
def answer(branch_no: str) -> Response:
    t, form = language(), request.form
    act = form.get("act", "answer")
    if act.startswith("template:"):
        return _with_template(branch_no, act.removeprefix("template:"))
    body, errors = (_correction if act == "correction" else _answer)(t)
    if errors:
        return branch_page(branch_no, errors)
    try:
        said = city().act(branch_no, "answer", body, form.get("key") or uuid4().hex)
    except Refused as refused:
        if refused.status == 422:
            return branch_page(branch_no, {"": refused.detail} | _theirs(refused))
        if refused.slug == "certificate-ended":
            return branch_page(branch_no, {"acknowledged": refused.detail}, unseen=_theirs(refused))
        if refused.status != 409:
            raise
        note(refused.detail, "wait")
        return go("work.branch", branch_no=branch_no)
    if said.get("awaiting_signature"):
        note(t("已送负责人签批，签批后才生效。"), "wait")
    else:
        note(
            t("已请申请人补正，承诺期限暂停。")
            if act == "correction"
            else t("已答复，申请人的页面已经更新。")
        )
    return go("work.branch", branch_no=branch_no, show=request.args.get("show"))


@pages.get("/accept")
@requires("acceptance_clerk")
def acceptance() -> Response:
    who = reader()
    since = current_feed().position()
    waiting = city().acceptance()
    return page(
        "accept.html",
        since=since,
        departments=_department_names(),
        reader=who,
        slips=[_acceptance_slip(c, who) for c in waiting],
        case=None,
    )


@pages.route("/accept/<no>", methods=["GET", "POST"])
@requires("acceptance_clerk")
def accept(no: str) -> Response:
    here, t = city(), language()
    errors: dict[str, str] = {}
    if request.method == "POST":
        act, body, errors = _acceptance_act(t)
        if not errors:
            try:
                here.decide_acceptance(no, act, body, request.form.get("key") or uuid4().hex)
            except Refused as refused:
                if refused.status not in (409, 422):
                    raise
                errors = {"": refused.detail}
            else:
                note(
                    {"accept": t("已受理，各部门同时开始。"), "return": t("已一次告知申请人补正。")}.get(
                        act, t("已出具不予受理。")
                    )
                )
                return go("work.acceptance")
    who, since = reader(), current_feed().position()
    case = here.application(no)
    procedure = portal().public("procedure", case["procedure"], case.get("version"))
    answers = here.application_form(no)
    waiting = here.acceptance()
    return page(
        "accept.html",
        422 if errors else 200,
        since=since,
        departments=_department_names(),
        slips=[_acceptance_slip(c, who) for c in waiting],
        lines=_lines(procedure, answers["form"]),
        slots=slot_views(here.materials(no), t, for_staff=True),
        signatures=signatures_of(no),
        issuers=issuers(procedure),
        department_list=portal().public("departments"),
        errors=errors,
        key=uuid4().hex,
        typed=request.form,
        filer=firms.filer(case.get("filed_by")),
        **case_values(case),
    )


def _with_template(branch_no: str, id: str) -> Response:
    """The answer as it was typed, with a template's words for the opinion."""
    typed = request.form.copy()
    for template in city().templates():
        if template["id"] == id:
            typed["opinion"] = template["text"]
            typed["answer"] = typed.get("answer") or template["answer"]
    return branch_page(branch_no, {}, typed)


def branch_page(
    branch_no: str,
    errors: Mapping[str, str],
    typed: Mapping[str, str] | None = None,
    unseen: Mapping[str, str] | None = None,
) -> Response:
    """One branch beside the list. ``typed`` is what stands in its forms, ``unseen`` are certificates whose
    end has to be acknowledged, as approval names them."""
    here = city()
    found = here.branch(branch_no)
    listed = _list(here)
    dossier: dict[str, Any] = {}
    if found["status"] not in ("waiting", "dropped"):
        dossier = here.dossier(branch_no)
    procedure = portal().public("procedure", found["procedure"], found.get("version"))
    try:
        case = here.case(found["application_no"])
    except (Refused, Unreachable):
        case = {"branches": []}
    names = names_of(here, [*listed["rows"], found, *case["branches"]])
    mine = found.get("handler") == account()["account_id"]
    materials = dossier.get("materials") or ()
    return page(
        "work.html",
        422 if errors else 200,
        **(listed | {"names": names}),
        branch=found,
        procedure=procedure,
        mark=views.branch_mark(found, language(), for_staff=True),
        mine=mine,
        dossier=dossier,
        filer=firms.filer(dossier.get("filed_by")),
        slots=slot_views(materials, language(), for_staff=True),
        signatures=signatures_of(found["application_no"]) if dossier else [],
        ended=_unseen(unseen or {}, procedure) | ended_certificates(materials, language()),
        issuers=issuers(procedure),
        lines=_lines(procedure, dossier.get("fields", {}), only_given=True),
        changed=dossier.get("changed") or [],
        results=dossier.get("results") or {},
        produces=found.get("produces") or (),
        answers=ANSWERS.get(found.get("kind", "decide"), ANSWERS["decide"]),
        alike=_alike(found, listed["todo"]),
        templates=here.templates() if mine else [],
        supervision=_supervision(here, branch_no),
        grounds=GROUNDS,
        others=[b for b in case["branches"] if b["branch_no"] != branch_no],
        department_list=portal().public("departments"),
        errors=errors,
        key=uuid4().hex,
        typed=request.form if typed is None else typed,
    )


def _alike(found: Mapping[str, Any], todo: list[dict[str, Any]]) -> list[str]:
    """Numbers of this and of the same part of the same item, as far as they can be answered together."""
    me = account()["account_id"]
    same = [
        row["branch_no"]
        for row in todo
        if (row["item"], row["key"]) == (found["item"], found["key"])
        and (row["status"] == "open" or row.get("handler") == me)
    ]
    return same[:MANY] if found["branch_no"] in same and not found.get("produces") else []


def _unseen(named: Mapping[str, str], procedure: Mapping[str, Any]) -> dict[str, str]:
    listed = (procedure.get("facts") or {}).get("materials") or ()
    titles = {m["code"]: language().of(m["title"]) for m in listed}
    codes = {name.removeprefix("acknowledged."): said for name, said in named.items()}
    return {code: f"{titles.get(code, code)} {said}" for code, said in codes.items()}


def _supervision(here: City, branch_no: str) -> dict[str, Any] | None:
    return next((s for s in here.supervisions() if s["branch_no"] == branch_no), None)


def _list(here: City) -> dict[str, Any]:
    """The inbox, filtered; always by what is due by law. What is answered is only read when asked for."""
    since = current_feed().position()
    show = request.args.get("show", "todo")
    show = show if show in FILTERS else "todo"
    rows = here.inbox()
    me = account()["account_id"]
    chosen = {name: request.args.get(name, "") for name in ("light", "item")}
    todo = [r for r in rows if r["status"] in ("open", "claimed")]
    items = {r["item"]: r["title"] for r in rows}
    rows = [r for r in rows if all(not value or r.get(name) == value for name, value in chosen.items())]
    parts = {
        "todo": [r for r in rows if r["status"] in ("open", "claimed")],
        "free": [r for r in rows if r["status"] == "open"],
        "mine": [r for r in rows if r["status"] == "claimed" and r.get("handler") == me],
        "suspended": [r for r in rows if r["status"] == "suspended"],
    }
    counts = {name: len(part) for name, part in parts.items()}
    if show in parts:
        shown = sorted(parts[show], key=_due_by_law)
    else:
        shown = here.answered() if show == "answered" else here.tasks()
    return {
        "since": since,
        "departments": _department_names(),
        "mark_of": lambda b: views.branch_mark(b, language(), for_staff=True),
        "rows": shown,
        "show": show,
        "counts": counts,
        "todo": todo,
        "chosen": chosen,
        "items": items,
        "lights": LIGHTS,
        "saved": here.filters(),
        "applicants": _applicants(here, shown),
        "names": names_of(here, shown),
        "me": me,
        "reader": reader(),
    }


def _applicants(here: City, rows: list[dict[str, Any]]) -> dict[str, str]:
    """Firms by name, persons with a part of it hidden."""
    try:
        return here.masked_names(r["applicant"] for r in rows if r.get("applicant"))
    except (Refused, Unreachable):
        return {}


def _due_by_law(row: dict[str, Any]) -> tuple[str, str]:
    return (row.get("statutory_due") or row.get("promised_due") or "9999", row["branch_no"])


def _department_names() -> dict[str, Any]:
    return {d["code"]: d["name"] for d in portal().public("departments")}


def _lines(
    procedure: dict[str, Any], answers: Mapping[str, Any], only_given: bool = False
) -> list[tuple[Any, Any]]:
    """Form fields as (field, what was said); ``only_given`` leaves out what this department may not read."""
    t = language()
    return [
        (field, said(field, answers.get(name), t))
        for name, field in labels(procedure["form"], t, answers).items()
        if not only_given or name in answers
    ]


def _answer(t: Any) -> tuple[dict[str, Any], dict[str, str]]:
    form, errors = request.form, {}
    chosen = form.get("answer", "")
    if not chosen:
        errors["answer"] = t("请选择您的答复")
    if chosen in ("refuse", "unable", "not_competent") and not form.get("opinion", "").strip():
        errors["opinion"] = t("请写明理由，申请人会看到")
    if chosen == "agree_with_conditions" and not form.get("conditions", "").strip():
        errors["conditions"] = t("请写明条件")
    if chosen == "not_competent" and not form.get("competent_department"):
        errors["competent_department"] = t("请选择该由哪个部门办")
    body: dict[str, Any] = {"answer": chosen}
    body |= {name: text for name in ("opinion", "note") if (text := form.get(name, "").strip())}
    if chosen in ("agree", "agree_with_conditions") and (seen := form.getlist("acknowledged")):
        body["acknowledged"] = seen
    if chosen == "agree_with_conditions":
        body["conditions"] = form.get("conditions", "").strip()
    if chosen == "not_competent":
        body["competent_department"] = form.get("competent_department")
    results = {
        k.removeprefix("result."): v.strip() for k, v in form.items() if k.startswith("result.") and v.strip()
    }
    if results and chosen in ("agree", "agree_with_conditions"):
        body["results"] = results
    return body, errors


def _correction(t: Any) -> tuple[dict[str, Any], dict[str, str]]:
    requests, errors = _reasons(t)
    if not requests and not errors:
        errors["correction"] = t("请至少勾选一项，并写明哪里要改")
    return {"answer": "ask_correction", "requests": requests}, errors


def _reasons(t: Any) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The ticked fields with their reasons; a tick without a reason is an error."""
    found, errors = [], {}
    for name in request.form.getlist("field"):
        reason = request.form.get(f"reason.{name}", "").strip()
        if reason:
            found.append({"field": name, "reason": reason})
        else:
            errors[f"reason.{name}"] = t("请写明哪里要改")
    return found, errors


def _acceptance_act(t: Any) -> tuple[str, dict[str, Any], dict[str, str]]:
    act, form = request.form.get("act", ""), request.form
    if act == "accept":
        return act, {}, {}
    if act == "return":
        reasons, errors = _reasons(t)
        if not reasons and not errors:
            errors["correction"] = t("请勾选所有要补正的项，一次告知")
        return act, {"reasons": reasons}, errors
    if act == "refuse":
        errors = {}
        ground, reason = form.get("ground", ""), form.get("reason", "").strip()
        body = {"ground": ground, "reason": reason}
        if not ground:
            errors["ground"] = t("请选择不予受理的依据")
        if not reason:
            errors["reason"] = t("请写明理由，申请人会看到")
        if ground == "not_competent":
            body["competent_department"] = form.get("competent_department", "")
            if not body["competent_department"]:
                errors["competent_department"] = t("请选择该由哪个部门办")
        return act, body, errors
    return act, {}, {"": t("请选择受理、一次告知或不予受理")}


def _acceptance_slip(case: dict[str, Any], who: views.Reader) -> views.Slip:
    return views.slip(case, who, url_for("work.accept", no=case["application_no"]))


def _theirs(refused: Refused) -> dict[str, str]:
    code = language().code
    return {e["field"]: e.get(code) or e["zh"] for e in refused.problem.get("errors", ())}
