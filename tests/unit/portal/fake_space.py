"""The small city's spaces: certificates, consents, readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, jsonify, request

if TYPE_CHECKING:
    from tests.unit.portal.fake_city import FakeCity


def held(code: str = "m01", **changes: Any) -> dict[str, Any]:
    """A certificate as identity shows it."""
    found = {
        "certificate_id": f"cert-{code}",
        "kind": code,
        "code": code,
        "title": {"zh": "居民身份证", "en": "Identity card"},
        "number": "3299**********3021",
        "issuer": "GA",
        "issuer_name": {"zh": "公安局", "en": "Police"},
        "issued_at": "2022-11-25T00:00:00+00:00",
        "valid_until": None,
        "days_left": None,
        "soon": False,
        "state": "valid",
        "application_no": None,
    }
    return found | changes


def read(**changes: Any) -> dict[str, Any]:
    """A reading as identity shows it."""
    found = {
        "reader": "SJ",
        "reader_name": {"zh": "市场监管局", "en": "Market regulation"},
        "what": "dossier",
        "what_text": {"zh": "办理所需的申请内容", "en": "What its part needs"},
        "detail": None,
        "purpose": "approval",
        "purpose_text": {"zh": "审批", "en": "Approval"},
        "application_no": None,
        "procedure": None,
        "times": 2,
        "at": "2026-11-24T02:00:00+00:00",
    }
    return found | changes


def add_space(app: Flask, city: FakeCity, who: Callable[[], Any], problem: Callable[..., Any]) -> None:
    """The endpoints. ``city.certificates`` and ``city.read`` are by account, ``city.consents`` by draft."""

    def offered(draft_id: str) -> list[dict[str, Any]]:
        mine = city.certificates.get(who()["account_id"], [])
        given = city.consents.get(draft_id, {})
        return [c | {"given": given.get(c["code"]), "number": None} for c in mine]

    @app.get("/api/identity/certificates")
    def certificates() -> Any:
        return jsonify({"items": city.certificates.get(who()["account_id"], [])})

    @app.get("/api/identity/readings")
    def readings() -> Any:
        found = city.read.get(who()["account_id"], [])
        start = int(request.args.get("cursor", 0))
        more = str(start + 20) if len(found) > start + 20 else None
        return jsonify({"items": found[start : start + 20], "next": more})

    @app.get("/api/intake/drafts/<draft_id>/certificates")
    def of_draft(draft_id: str) -> Any:
        return jsonify({"library": city.library, "items": offered(draft_id) if city.library else []})

    @app.put("/api/intake/drafts/<draft_id>/certificates")
    def agree(draft_id: str) -> Any:
        city.consents.setdefault(draft_id, {}).update(request.json["certificates"])
        return jsonify({"library": True, "items": offered(draft_id)})
