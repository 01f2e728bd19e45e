"""The workbench: what approval answers about the small city's branches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, jsonify, request

if TYPE_CHECKING:
    from tests.unit.portal.fake_city import FakeCity

AT_WORK = ("open", "claimed", "suspended")


def add_approval(
    app: Flask, city: FakeCity, who: Callable[[], Any], problem: Callable[..., Any]
) -> Callable[[str], dict[str, Any]]:
    """The endpoints. Returns what tells a branch by its number, as the API shows it."""

    def branch_of(branch_no: str) -> dict[str, Any]:
        case = city.cases[branch_no.rpartition("-")[0]]
        branch = next(b for b in case["branches"] if b["branch_no"] == branch_no)
        return branch | {
            "application_no": case["application_no"],
            "procedure": case["procedure"],
            "version": case["version"],
            "answered": case["answered"],
            "light": branch.get("light", "green"),
            "applicant": case["owner"],
            "required": case["required"],
        }

    @app.get("/api/approval/inbox")
    def inbox() -> Any:
        wanted = (request.args.get("status"),) if "status" in request.args else AT_WORK
        mine = [
            branch_of(b["branch_no"])
            for c in city.cases.values()
            for b in c["branches"]
            if b["department"] == who()["department"] and b["status"] in wanted
        ]
        mine.sort(key=lambda b: b["statutory_due"] or "9")
        return jsonify({"items": mine, "next": None})

    @app.get("/api/approval/cases/<no>")
    def case(no: str) -> Any:
        return jsonify({"application_no": no, "branches": city.cases[no]["branches"]})

    @app.get("/api/approval/branches/<branch_no>")
    def branch(branch_no: str) -> Any:
        return jsonify(branch_of(branch_no))

    @app.post("/api/approval/branches/<branch_no>/<any(claim, release):act>")
    def hold(branch_no: str, act: str) -> Any:
        case = city.cases[branch_no.rpartition("-")[0]]
        found = next(b for b in case["branches"] if b["branch_no"] == branch_no)
        if act == "claim" and found["status"] != "open":
            return problem(
                409, "illegal-move", detail="这件已经有人认领。", state=found["status"], move="claim"
            )
        taken = act == "claim"
        found |= {
            "status": "claimed" if taken else "open",
            "handler": who()["account_id"] if taken else None,
        }
        city.changed(case)
        return jsonify(branch_of(branch_no))

    @app.post("/api/approval/branches/<branch_no>/answer")
    def answer(branch_no: str) -> Any:
        body = request.json
        if body["answer"] == "ask_correction":
            city.ask(branch_no, {r["field"]: r["reason"] for r in body["requests"]})
        elif unseen := city.ended - set(body.get("acknowledged", ())):
            named = [{"field": f"acknowledged.{m}", "zh": "已被撤销", "en": "was revoked"} for m in unseen]
            return problem(409, "certificate-ended", detail="申请后营业执照已被撤销。", errors=named)
        else:
            city.answer_as_asked(branch_no, body)
        return jsonify(branch_of(branch_no))

    @app.get("/api/approval/corrections/<no>")
    def corrections(no: str) -> Any:
        items = [
            {"branch_no": b["branch_no"], "request": 1, "requests": b["asked"]}
            for b in city.cases[no]["branches"]
            if b["status"] == "suspended"
        ]
        return jsonify({"items": items, "next": None})

    return branch_of
