"""Filing and following: what intake answers about the small city's applications."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, jsonify, request

from tests.unit.portal.fake_papers import slots_of

if TYPE_CHECKING:
    from tests.unit.portal.fake_city import FakeCity


def add_intake(app: Flask, city: FakeCity, who: Callable[[], Any], problem: Callable[..., Any]) -> None:
    """The endpoints."""

    @app.get("/api/intake/applications")
    def mine() -> Any:
        items = [c for c in city.cases.values() if c["owner"] == who()["account_id"]]
        return jsonify({"items": items[::-1], "next": None})

    @app.get("/api/intake/applications/<no>")
    def application(no: str) -> Any:
        case = city.cases.get(no)
        if case is None or (who()["kind"] != "staff" and case["owner"] != who()["account_id"]):
            return problem(404, "not-found")
        return jsonify(case)

    @app.get("/api/intake/applications/<no>/form")
    def form(no: str) -> Any:
        return jsonify({"application_no": no, "form": city.forms[no]})

    @app.post("/api/intake/applications/<no>/withdraw")
    def withdraw(no: str) -> Any:
        city.cases[no] |= {
            "status": "withdrawn",
            "withdrawal_requested_at": city.now.isoformat(),
            "next": None,
        }
        city.changed(city.cases[no])
        return jsonify(city.cases[no]), 202

    @app.post("/api/intake/applications/<no>/corrections")
    def correct(no: str) -> Any:
        city.forms[no] |= request.json["changes"]
        branch = next(b for b in city.cases[no]["branches"] if b["branch_no"] == request.json["branch_no"])
        branch |= {"status": "claimed", "correction_request": None}
        city.changed(city.cases[no])
        return jsonify({}), 202

    @app.post("/api/intake/applications/<no>/resubmit")
    def resubmit(no: str) -> Any:
        city.forms[no] = request.json["form"]
        city.cases[no] |= {"status": "awaiting_acceptance", "returned": None}
        return jsonify(city.cases[no])

    @app.post("/api/intake/progress")
    def progress() -> Any:
        case = city.cases.get(request.json["application_no"])
        if case is None or request.json["query_code"] != case["query_code"]:
            city.tries += 1
            if city.tries > 5:
                return problem(429, "too-many-tries")[0], 429, {"Retry-After": "600"}
            return problem(404, "not-found")
        return jsonify(case | {"licences": []})

    @app.get("/api/intake/acceptance")
    def acceptance() -> Any:
        waiting = [c for c in city.cases.values() if c["status"] == "awaiting_acceptance"]
        return jsonify({"items": waiting, "next": None})

    @app.post("/api/intake/applications/<no>/<any(accept, return, refuse):act>")
    def decide(no: str, act: str) -> Any:
        status = {"accept": "in_approval", "return": "returned", "refuse": "not_accepted"}[act]
        reasons = (request.json or {}).get("reasons")
        city.cases[no] |= {
            "status": status,
            "accepted_at": city.now.isoformat() if act == "accept" else None,
            "returned": {"round": 1, "reasons": reasons} if reasons else None,
        }
        return jsonify(city.cases[no])

    @app.get("/api/intake/dossiers/<branch_no>")
    def dossier(branch_no: str) -> Any:
        no = branch_no.rpartition("-")[0]
        slots = slots_of(city, no)
        found = {"branch_no": branch_no, "fields": city.forms[no], "materials": slots}
        return jsonify(found | {"results": {}, "changed": []})
