"""For a department's IT: where its systems are told, what reached them, what to send once more."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request

from services.portal.clients import Refused
from services.portal.web.portal import city, go, language, note, page, requires

pages = Blueprint("dept", __name__, url_prefix="/dept")

STATES = {
    "active": {"tone": "ok", "shape": "ok", "word": "在推送"},
    "by_hand": {"tone": "wait", "shape": "wait", "word": "已暂停"},
    "gone": {"tone": "bad", "shape": "bad", "word": "已暂停：对方说这个地址不再用了（410）"},
    "given_up": {"tone": "bad", "shape": "bad", "word": "已暂停：试了 24 小时没有成功"},
}
DELIVERIES = {
    "waiting": {"tone": "wait", "shape": "wait", "word": "等下一次"},
    "trying": {"tone": "wait", "shape": "wait", "word": "正在送"},
    "delivered": {"tone": "ok", "shape": "ok", "word": "已送达"},
    "given_up": {"tone": "bad", "shape": "bad", "word": "没有送达"},
}
REASONS = {
    "unknown_host": "找不到这个主机名",
    "inner_address": "是内部地址，市里没有放行",
    "not_encrypted": "没有用 https",
    "certificate": "对方的证书不可信",
    "refused": "对方没有在听这个端口",
    "too_slow": "15 秒内没有答完",
    "broke_off": "连接中断",
}
IT = "department_it"


@pages.route("", methods=["GET", "POST"])
@requires(IT)
def mine() -> Response:
    here = city()
    if request.method == "GET":
        return _mine([], "")
    url = request.form.get("url", "").strip()
    try:
        made = here.make_hook(url)
    except Refused as refused:
        if refused.status == 409:
            return _mine([("url", refused.detail)], url)
        if refused.status != 422:
            raise
        t = language()
        return _mine([(e["field"], t.of(e)) for e in refused.problem.get("errors", [])], url)
    return _secret(made)


@pages.get("/hooks/<endpoint_id>")
@requires(IT)
def hook(endpoint_id: str) -> Response:
    before = request.args.get("before")
    if before is not None and not before.isdecimal():
        abort(404)
    here = city()
    found = here.hook_deliveries(endpoint_id, before)
    return page(
        "dept_hook.html",
        hook=_shown(here.hook(endpoint_id)),
        deliveries=[
            {**d, "mark": _said(DELIVERIES[d["state"]]), "tries": [_try(one) for one in d["tries"]]}
            for d in found["items"]
        ],
        next=found["next"],
    )


@pages.post("/hooks/<endpoint_id>/<act>")
@requires(IT)
def act(endpoint_id: str, act: str) -> Response:
    here, t = city(), language()
    match act:
        case "test":
            here.test_hook(endpoint_id)
            note(t("已发一条测试事件，几秒后在下面看结果。"))
        case "pause":
            here.change_hook(endpoint_id, state="paused")
            note(t("已暂停，这期间的事件都留着。"))
        case "resume":
            here.change_hook(endpoint_id, state="active")
            note(t("已恢复，留着的事件现在就送。"))
        case "secret":
            return _secret(here.renew_hook_secret(endpoint_id))
        case "again":
            here.deliver_again(endpoint_id, request.form.get("event_id", ""))
            note(t("再送一次，几秒后在下面看结果。"))
        case "remove":
            here.remove_hook(endpoint_id)
            note(t("推送地址已删除。"))
            return go("dept.mine")
        case _:
            abort(404)
    return go("dept.hook", endpoint_id=endpoint_id)


def _mine(errors: list[tuple[str, str]], url: str) -> Response:
    hooks = [_shown(h) for h in city().hooks()]
    return page("dept.html", 422 if errors else 200, hooks=hooks, errors=errors, url=url)


def _secret(made: dict[str, Any]) -> Response:
    return page("dept_secret.html", hook=made)


def _shown(hook: dict[str, Any]) -> dict[str, Any]:
    return hook | {"mark": _said(STATES["active" if hook["state"] == "active" else hook["why"]])}


def _try(one: dict[str, Any]) -> dict[str, Any]:
    t = language()
    said = f"HTTP {one['status']}" if one["status"] else t(REASONS.get(one["error"], one["error"]))
    return one | {"said": said}


def _said(mark: dict[str, str]) -> dict[str, str]:
    return mark | {"word": language()(mark["word"])}
