"""Signatures before filing: the applicant's step, and what somebody opens who was invited by a link."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from flask import Blueprint, Response, request

from services.portal.answers import Wrong
from services.portal.clients import Refused, Unreachable
from services.portal.forms import steps
from services.portal.river import Mark
from services.portal.web.apply import check_page, groups_of, look_again, open_draft, theirs
from services.portal.web.papers import PASSED_ON
from services.portal.web.portal import city, go, language, note, own_city, page, portal, requires

pages = Blueprint("signing", __name__)

MOBILE = re.compile(r"1[0-9]{10}")
REASON_LENGTH = range(2, 501)
SHUT = ("another-person", "level-too-low")
MOVED_ON = ("signing-over", "already-answered")


@pages.route("/apply/<draft_id>/signers", methods=["GET", "POST"])
@requires("person", "firm")
def signers(draft_id: str) -> Response:
    """Whom it goes to, then who has signed; sending, sending again, taking back."""
    draft, procedure = open_draft(draft_id)
    if draft["application_no"]:
        return go("cases.done", no=draft["application_no"])
    if request.method == "GET":
        return _signers_page(draft, city().signing(draft_id), [])
    act, _, signer_id = request.form.get("act", "send").partition(":")
    try:
        if act == "again":
            city().invite_signer_again(draft_id, signer_id)
            note(language()("新的链接已发出，以前的链接不能再用。"))
        elif act == "back":
            city().take_round_back(draft_id)
            note(language()("签署已撤回，已签的不再算数。改好后可以重新发出。"))
        else:
            return _send(draft, procedure)
    except Refused as refused:
        if refused.status != 409:
            raise
        note(refused.detail, "wait")
    return go("signing.signers", draft_id=draft_id)


@pages.route("/signer/<token>", methods=["GET", "POST"])
@requires("person")
def sign(token: str) -> Response:
    """What somebody was invited to sign: the whole of it, who else signs, and the two answers."""
    try:
        if request.method == "GET":
            return _to_sign_page(own_city().to_sign(token), [])
        return _answer(token)
    except Refused as refused:
        if refused.slug not in SHUT:
            raise
        level = refused.problem.get("needed")
        return page("signer_shut.html", 403, detail=refused.detail, level=level)


@pages.get("/signer/<token>/files/<material_id>")
@requires("person")
def file(token: str, material_id: str) -> Response:
    """One of the files that go round."""
    answer = own_city().file_to_sign(token, material_id)
    return Response(answer.content, headers={n: v for n, v in answer.headers.items() if n in PASSED_ON})


def signatures_of(no: str) -> list[dict[str, Any]]:
    """Who signed a case before it was filed, as far as the visitor may know."""
    try:
        return city().signatures(no)
    except (Refused, Unreachable):
        return []


def _send(draft: dict[str, Any], procedure: dict[str, Any]) -> Response:
    t, draft_id = language(), draft["draft_id"]
    before = city().signing(draft_id)
    typed = {str(n): _plain(request.form.get(f"phones.{n}", "")) for n in range(len(before["signers"]))}
    errors = [
        Wrong(f"phones.{n}", t("手机号是 11 位数字，请看看是不是漏了一位"))
        for n, phone in typed.items()
        if phone and not MOBILE.fullmatch(phone)
    ]
    if request.form.get("declared") != "yes":
        errors.append(Wrong("declared", t("请确认您填写的内容真实")))
    if errors:
        return _signers_page(draft, before, errors, typed)
    seen = request.form.get("seen", "")
    revision = int(seen) if seen.isdecimal() and len(seen) < 10 else int(draft["revision"])
    try:
        made = city().send_round(draft_id, {n: phone for n, phone in typed.items() if phone}, revision)
    except Refused as refused:
        if refused.status == 412:
            return look_again(draft_id)
        if refused.status != 422:
            raise
        wrong = theirs(refused)
        if all(w.field.startswith("phones.") for w in wrong):
            return _signers_page(draft, before, wrong, typed)
        return check_page(draft, procedure, wrong)
    if made["application_no"]:
        return go("cases.done", no=made["application_no"])
    note(t("已发出。签署人会收到带链接的短信，都签了就自动提交。"))
    return go("signing.signers", draft_id=draft_id)


def _answer(token: str) -> Response:
    t, form = language(), request.form
    objects, reason = form.get("act") == "object", form.get("reason", "").strip()
    if objects and len(reason) not in REASON_LENGTH:
        wrong = Wrong("reason", t("请写明您的意见，2 到 500 个字"))
        return _to_sign_page(own_city().to_sign(token), [wrong], reason)
    if not objects and form.get("declared") != "yes":
        wrong = Wrong("declared", t("请确认您已看过全部内容"))
        return _to_sign_page(own_city().to_sign(token), [wrong], reason)
    try:
        if objects:
            own_city().object_to(token, reason)
        else:
            own_city().sign_invited(token)
    except Refused as refused:
        if refused.slug not in MOVED_ON:
            raise
        note(refused.detail, "wait")
    return go("signing.sign", token=token)


def _signers_page(
    draft: dict[str, Any],
    found: dict[str, Any],
    errors: list[Wrong],
    typed: dict[str, str] | None = None,
) -> Response:
    return page(
        "apply_signers.html",
        422 if errors else 200,
        draft=draft,
        found=found,
        runs=found["round_id"] is not None and found["outcome"] is None,
        mark=_mark,
        typed=typed or {},
        errors=errors,
        wrong={w.field: w.message for w in errors},
    )


def _to_sign_page(found: dict[str, Any], errors: list[Wrong], reason: str = "") -> Response:
    procedure = portal().public("procedure", found["procedure"], found["version"])
    asked = steps(procedure["form"], language(), found["form"])
    return page(
        "signer.html",
        422 if errors else 200,
        found=found,
        groups=groups_of(asked, found["form"]) if found["form"] else [],
        mark=_mark,
        reason=reason,
        errors=errors,
        wrong={w.field: w.message for w in errors},
    )


def _mark(state: str) -> Mark:
    t = language()
    words = {
        "signed": Mark("ok", "done", t("已签署")),
        "objected": Mark("bad", "bad", t("有不同意见")),
        "invited": Mark("wait", "wait", t("等待签署")),
    }
    return words.get(state, Mark("quiet", "ahead", t("还没发出")))


def _plain(phone: str) -> str:
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", phone))
