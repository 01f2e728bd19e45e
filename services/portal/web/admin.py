"""Administering: staff and where they belong, sign-ins, the audit."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request

from services.portal.clients import City, Refused
from services.portal.web.portal import account, city, go, language, note, page, requires
from services.portal.web.security import device_words

pages = Blueprint("admin", __name__, url_prefix="/admin")

ROLES = {
    "acceptance_clerk": "受理员",
    "window_clerk": "窗口人员",
    "issuing_clerk": "发证员",
    "officer": "承办人",
    "reviewer": "审核人",
    "approver": "批准人（首席代表、负责人）",
    "hall_manager": "大厅管理员",
    "helper": "帮办代办员",
    "catalogue_editor": "目录编辑",
    "catalogue_reviewer": "目录审核",
    "supervisor": "督办员",
    "rating_verifier": "差评核实员",
    "leader": "领导（只看）",
    "department_it": "部门信息员",
    "platform_admin": "平台管理员",
    "security_admin": "安全管理员",
    "auditor": "审计员",
}
OUTCOMES = {
    "signed_in": "登录成功",
    "wrong_password": "密码不对",
    "wrong_code": "验证码不对",
    "recovery_code": "用了恢复码",
}
ACTS = {
    "open_account": "开通账号",
    "change_roles": "改岗位",
    "change_department": "改单位",
    "suspend": "停用账号",
    "resume": "恢复账号",
    "reset_password": "重设初始密码",
    "reset_second_factor": "重置两步登录",
    "list_staff": "看人员名单",
    "read_staff": "看人员",
    "read_sign_ins": "看登录记录",
    "read_audit": "看审计",
    "read_name": "看姓名",
    "read_contact": "看联系方式",
    "read_own_data:prefill": "取本人资料填表",
    "real_name_level_3": "当面核实为 L3",
    "window_no_match": "当面核对不一致",
    "upstream:link": "关联别处的账号",
    "upstream:unlink": "取消关联别处的账号",
}
ADMINISTRATORS = ("platform_admin", "security_admin")
READERS = (*ADMINISTRATORS, "department_it")


@pages.get("/staff")
@requires(*READERS)
def staff() -> Response:
    here, unit = city(), request.args.get("department") or None
    found = here.staff(unit, request.args.get("cursor"))
    units = _mine(here.units())
    return page(
        "admin_staff.html",
        staff=found["items"],
        next=found["next"],
        department=unit or "",
        units=units,
        unit_names={u["code"]: u["name"] for u in units},
        role_names=_role_names(),
    )


@pages.route("/staff/new", methods=["GET", "POST"])
@requires("platform_admin")
def new() -> Response:
    here = city()
    if request.method == "GET":
        return _form(here, {"roles": [], "department": request.args.get("department", "")}, {})
    form = request.form
    typed = {
        "login": form.get("login", "").strip().lower(),
        "display_name": form.get("display_name", "").strip(),
        **_belongs(),
    }
    try:
        made = here.open_staff(typed)
    except Refused as refused:
        return _form(here, typed, _errors(refused))
    return page(
        "initial_password.html",
        name=made["display_name"],
        login=made["login"],
        password=made["initial_password"],
    )


@pages.route("/staff/<account_id>", methods=["GET", "POST"])
@requires(*READERS)
def member(account_id: str) -> Response:
    here = city()
    known, mark = here.member(account_id)
    if request.method == "GET":
        return _form(here, known, {}, known=known, mark=mark)
    if "platform_admin" not in account()["roles"]:
        abort(403)
    typed = _belongs()
    try:
        here.change_staff(account_id, typed, request.form.get("mark", ""))
    except Refused as refused:
        return _form(here, known | typed, _errors(refused), known=known, mark=mark)
    note(language()("已保存。{name} 要重新登录，新的岗位才生效。", name=known["display_name"]))
    return go("admin.member", account_id=account_id)


@pages.post("/staff/<account_id>/suspend")
@requires("platform_admin")
def suspend(account_id: str) -> Response:
    return _act(account_id, city().suspend, "账号已停用，几秒内到处退出登录。")


@pages.post("/staff/<account_id>/resume")
@requires("platform_admin")
def resume(account_id: str) -> Response:
    return _act(account_id, city().resume, "账号已恢复，可以登录了。")


@pages.post("/staff/<account_id>/second-factor")
@requires("security_admin")
def reset_second_factor(account_id: str) -> Response:
    return _act(account_id, city().reset_second_factor, "两步登录已重置，下次登录时重新扫码。")


@pages.post("/staff/<account_id>/initial-password")
@requires("platform_admin")
def reset_password(account_id: str) -> Response:
    here = city()
    known, _ = here.member(account_id)
    try:
        password = here.reset_password(account_id)
    except Refused as refused:
        return _refused(refused, account_id)
    return _initial_password(known, password)


@pages.get("/sign-ins")
@requires("security_admin")
def sign_ins() -> Response:
    here, wanted = city(), request.args.get("account") or None
    found = here.sign_ins(wanted, _number("cursor"))
    t = language()
    return page(
        "admin_sign_ins.html",
        lines=[line | {"device": device_words(line["device"])} for line in found["items"]],
        next=found["next"],
        wanted=wanted or "",
        outcomes={name: t(word) for name, word in OUTCOMES.items()},
    )


@pages.get("/audit")
@requires("auditor")
def audit() -> Response:
    here, t = city(), language()
    filters = {name: request.args.get(name, "").strip() or None for name in ("actor", "subject", "act")}
    found = here.audit(**filters, cursor=_number("cursor"))
    return page(
        "admin_audit.html",
        lines=[line | {"act_text": _act_text(line["act"])} for line in found["items"]],
        next=found["next"],
        filters=filters,
        acts={name: t(word) for name, word in ACTS.items()},
    )


def _act_text(act: str) -> str:
    t, (name, _, window) = language(), act.partition(":")
    if name == "seen_at_window":
        return t("在 {window} 号窗口当面核对", window=window)
    return t(ACTS[act]) if act in ACTS else act


def _initial_password(whose: dict[str, Any], password: str) -> Response:
    name, login = whose["display_name"], whose["login"]
    return page("initial_password.html", name=name, login=login, password=password)


def _act(account_id: str, act: Any, done: str) -> Response:
    try:
        act(account_id)
    except Refused as refused:
        return _refused(refused, account_id)
    note(language()(done))
    return go("admin.member", account_id=account_id)


def _refused(refused: Refused, account_id: str) -> Response:
    """What identity says stands on the member's page; who is not staff has none."""
    if refused.status not in (403, 409):
        raise refused
    note(refused.detail, "wait")
    return go("admin.member", account_id=account_id)


def _belongs() -> dict[str, Any]:
    chosen = request.form.getlist("roles")
    return {
        "department": request.form.get("department", "").strip(),
        "roles": [role for role in ROLES if role in chosen],
    }


def _mine(units: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Units to choose from: all, for a unit's IT their own and those below, which follow it in the tree."""
    if set(account()["roles"]) & set(ADMINISTRATORS):
        return units
    own = account()["department"]
    found: list[dict[str, Any]] = []
    for unit in units:
        if unit["code"] == own or (found and unit["depth"] > found[0]["depth"]):
            found.append(unit)
        elif found:
            break
    return found


def _errors(refused: Refused) -> dict[str, str]:
    """By field, for the form; what concerns no field raises again."""
    if refused.status in (403, 409, 412):
        return {"": refused.detail}
    if refused.status != 422:
        raise refused
    said = {e["field"].split(".")[0]: language().of(e) for e in refused.problem.get("errors", [])}
    if "roles" in said and not request.form.getlist("roles"):
        said["roles"] = language()("请至少选一个岗位")
    return said


def _form(here: City, typed: dict[str, Any], errors: dict[str, str], **more: Any) -> Response:
    return page(
        "admin_member.html",
        422 if errors else 200,
        typed=typed,
        errors=list(errors.items()),
        units=here.units(),
        role_names=_role_names(),
        **({"known": None, "mark": ""} | more),
        mine=account()["account_id"],
    )


def _role_names() -> dict[str, str]:
    t = language()
    return {role: t(word) for role, word in ROLES.items()}


def _number(name: str) -> str | None:
    value = request.args.get(name)
    if value is not None and not value.isdecimal():
        abort(404)
    return value
