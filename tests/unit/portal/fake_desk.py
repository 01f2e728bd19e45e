"""What the officer's tools and the head's desk find behind them, as simple stand-ins."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Flask, jsonify, request

from services.catalog import calendar_edit

if TYPE_CHECKING:
    from tests.unit.portal.fake_city import FakeCity

SJ = {"kind": "staff", "department": "SJ"}
DESK_ACCOUNTS: dict[str, dict[str, Any]] = {
    "wangmin": SJ | {"account_id": "acc-wang", "display_name": "王敏", "roles": ["officer"]},
    "xukeqin": SJ | {"account_id": "acc-xu", "display_name": "许克勤", "roles": ["approver"]},
    "editor": {
        "kind": "staff",
        "department": "ZW",
        "account_id": "acc-editor",
        "display_name": "目录编辑",
        "roles": ["catalogue_editor"],
    },
}


class DeskState:
    """What a test may look at or make so."""

    def __init__(self) -> None:
        self.two_hands = False
        self.extensions: dict[str, dict[str, Any]] = {}
        self.signatures: dict[str, dict[str, Any]] = {}
        self.supervisions: list[dict[str, Any]] = []
        self.templates: list[dict[str, Any]] = []
        self.filters: dict[str, dict[str, Any]] = {}
        self.delegations: list[dict[str, Any]] = []
        self.numbers = itertools.count(1)


def add_desk(
    app: Flask,
    city: FakeCity,
    who: Callable[[], dict[str, Any] | None],
    problem: Callable[..., Any],
    branch_of: Callable[[str], dict[str, Any]],
) -> DeskState:
    state = DeskState()
    base = "/api/approval"

    def me() -> dict[str, Any]:
        found = who()
        assert found is not None
        return found

    def stored(branch_no: str) -> dict[str, Any]:
        case = city.cases[branch_no.rpartition("-")[0]]
        found: dict[str, Any] = next(b for b in case["branches"] if b["branch_no"] == branch_no)
        return found

    def of_department() -> list[dict[str, Any]]:
        all_of = (b for c in city.cases.values() for b in c["branches"])
        return [branch_of(b["branch_no"]) for b in all_of if b["department"] == me()["department"]]

    def answer(branch_no: str, body: dict[str, Any]) -> str:
        found = stored(branch_no)
        if body["answer"] == "refuse" and state.two_hands:
            found |= {"awaiting_signature": True, "handler": me()["account_id"], "status": "claimed"}
            state.signatures[branch_no] = {
                "answer": "refuse",
                "proposed_by": me()["account_id"],
                "opinion": body.get("opinion"),
                "note": body.get("note"),
            }
            return "awaiting_signature"
        city.reply(branch_no, body["answer"], body.get("opinion", ""))
        return "answered"

    city.answer_as_asked = answer

    @app.post(f"{base}/inbox/next")
    def take_next() -> Any:
        free = [b for b in of_department() if b["status"] == "open"]
        if not free:
            return problem(404, "nothing-waiting", detail="没有等着认领的件。")
        first = min(free, key=lambda b: b["statutory_due"])
        stored(first["branch_no"]).update(status="claimed", handler=me()["account_id"])
        return jsonify(branch_of(first["branch_no"]))

    @app.post(f"{base}/branches/answers")
    def answers() -> Any:
        results = []
        for number in request.json["branch_nos"]:
            found = stored(number)
            taken = found["status"] == "claimed" and found["handler"] != me()["account_id"]
            outcome = "taken" if taken else "not_open"
            if not taken and found["status"] in ("open", "claimed"):
                outcome = answer(number, request.json)
            results.append(
                {"branch_no": number, "outcome": outcome, "holder": found["handler"] if taken else None}
            )
        return jsonify({"results": results})

    @app.post(f"{base}/branches/<branch_no>/<any(suspend, resume):act>")
    def pause(branch_no: str, act: str) -> Any:
        found, now = stored(branch_no), datetime.now(UTC).isoformat()
        if act == "suspend":
            found.setdefault("pauses", []).append(request.json | {"from": now, "to": None})
            found["status"] = "suspended"
        else:
            found["pauses"][-1]["to"] = now
            found["status"] = "claimed"
        return jsonify(branch_of(branch_no))

    @app.post(f"{base}/branches/<branch_no>/extension")
    def extension(branch_no: str) -> Any:
        found = stored(branch_no)
        if request.json["days"] > found["may_extend"]:
            error = {"field": "days", "zh": "最多可延 10 天", "en": "10 days at most"}
            return problem(422, "invalid-request", errors=[error])
        found["extension_asked"] = request.json["days"]
        state.extensions[branch_no] = request.json | {"asked_by": me()["account_id"]}
        return jsonify(branch_of(branch_no))

    @app.post(f"{base}/branches/<branch_no>/extension/decision")
    def decide_extension(branch_no: str) -> Any:
        state.extensions.pop(branch_no)
        stored(branch_no).update(extension_asked=None, decided=request.json)
        return jsonify(branch_of(branch_no))

    @app.post(f"{base}/branches/<branch_no>/signature")
    def sign(branch_no: str) -> Any:
        asked = state.signatures.pop(branch_no, None)
        if asked is None:
            return problem(409, "illegal-move", detail="这件现在的状态不能这样办，请刷新后再看。")
        stored(branch_no).update(awaiting_signature=False, decided=request.json)
        if request.json["signed"]:
            city.reply(branch_no, "refuse", asked["opinion"])
        return jsonify(branch_of(branch_no))

    @app.get(f"{base}/head")
    def head() -> Any:
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        return jsonify(
            {
                "extensions": [{"branch": branch_of(n)} | x for n, x in state.extensions.items()],
                "signatures": [{"branch": branch_of(n)} | x for n, x in state.signatures.items()],
                "late": [b for b in of_department() if b["light"] in ("red", "black")],
                "supervisions": state.supervisions,
                "days": [
                    {"day": (tomorrow + timedelta(days=n)).date().isoformat(), "due": 3 * n} for n in range(5)
                ],
            }
        )

    @app.get(f"{base}/supervisions")
    def supervisions() -> Any:
        return jsonify({"items": state.supervisions})

    @app.post(f"{base}/supervisions/<branch_no>/answer")
    def explain(branch_no: str) -> Any:
        found = next(s for s in state.supervisions if s["branch_no"] == branch_no)
        found |= request.json | {"state": "answered"}
        return jsonify(found)

    @app.get(f"{base}/colleagues")
    def colleagues() -> Any:
        return jsonify({"items": ["acc-lu", "acc-wang", "acc-xu"]})

    @app.route(f"{base}/delegations", methods=["GET", "POST"])
    def delegations() -> Any:
        if request.method == "POST":
            given = {"id": str(next(state.numbers)), "absent": me()["account_id"], "runs": True}
            state.delegations.append(given | request.json | {"given_by": me()["account_id"]})
        return jsonify({"items": state.delegations})

    @app.post(f"{base}/delegations/<id>/end")
    def end(id: str) -> Any:
        state.delegations = [d for d in state.delegations if d["id"] != id]
        return jsonify({"items": state.delegations})

    @app.route(f"{base}/templates", methods=["GET", "POST"])
    def templates() -> Any:
        if request.method == "POST":
            own = not request.json["shared"]
            state.templates.append(request.json | {"id": str(next(state.numbers)), "own": own})
        return jsonify({"items": state.templates})

    @app.delete(f"{base}/templates/<id>")
    def forget(id: str) -> Any:
        state.templates = [x for x in state.templates if x["id"] != id]
        return "", 204

    @app.put("/api/catalog/calendar/<int:year>")
    def set_calendar(year: int) -> Any:
        body = request.json
        days = {n: map(date.fromisoformat, body[n]) for n in ("holidays", "extra_workdays")}
        (seen,) = request.if_match
        try:
            with city.catalog_database.transaction() as uow:
                calendar_edit.edit(
                    year,
                    **days,
                    provisional=body["provisional"],
                    seen=seen,
                    editor=me()["account_id"],
                    uow=uow,
                )
        except calendar_edit.ChangedMeanwhile:
            return problem(412, "changed-meanwhile", detail="您看到的内容已被他人更改,请刷新后再试。")
        return jsonify({})

    @app.get(f"{base}/filters")
    def filters() -> Any:
        return jsonify({"items": [{"name": n, "query": q} for n, q in state.filters.items()]})

    @app.route(f"{base}/filters/<name>", methods=["PUT", "DELETE"])
    def keep(name: str) -> Any:
        if request.method == "DELETE":
            state.filters.pop(name, None)
            return "", 204
        state.filters[name] = request.json
        return jsonify({"items": []})

    return state
