"""Signing in and names: what identity answers about the small city's accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, jsonify, request

from services.identity.handlers import masked_name

if TYPE_CHECKING:
    from tests.unit.portal.fake_city import FakeCity


def add_identity(app: Flask, city: FakeCity, problem: Callable[..., Any]) -> None:
    """The endpoints."""

    @app.post("/api/identity/tokens")
    def tokens() -> Any:
        account = city.account(request.json["login"], request.json["password"])
        if account is None:
            return problem(401, "wrong-credentials")
        return jsonify(city.tokens(account) | {"sso": city.sign_ins.begin(account)})

    @app.get("/api/identity/accounts/names")
    def names() -> Any:
        wanted = request.args["ids"].split(",")
        found = [a for a in city.accounts.values() if a["account_id"] in wanted]
        hide = "masked" in request.args
        names = {
            a["account_id"]: masked_name(a["display_name"])
            if hide and a["kind"] == "person"
            else a["display_name"]
            for a in found
        }
        return jsonify({"items": [{"account_id": a, "display_name": n} for a, n in names.items()]})
