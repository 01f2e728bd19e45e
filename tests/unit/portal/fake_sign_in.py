"""The small city's OpenID provider: asks for a sign-in, hands out codes and tokens, knows browsers again."""

from __future__ import annotations

import secrets
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, jsonify, redirect, request

from chassis.credentials import client_secret
from chassis.database import Database

if TYPE_CHECKING:
    from tests.unit.portal.fake_city import FakeCity

OPEN = ("/authorize", "/token", "/sessions/end", "/consents", "/clients/tax-office")


class SignIns:
    """Browsers that are known, codes that are out, and what may be wrong about the next answer."""

    def __init__(self) -> None:
        self.browsers: dict[str, dict[str, Any]] = {}
        self.codes: dict[str, tuple[dict[str, Any], dict[str, str]]] = {}
        self.consented: list[dict[str, str]] = []
        self.ended: list[str] = []
        self.claims: dict[str, Any] = {}
        self.master_key = b""
        self.issuer = "http://localhost/api/identity"

    def begin(self, account: dict[str, Any]) -> str:
        """A browser's secret for this account."""
        sso = secrets.token_hex(8)
        self.browsers[sso] = account
        return sso


def add_sign_in(app: Flask, city: FakeCity) -> SignIns:
    """The endpoints, and their state."""
    state = SignIns()
    api = Blueprint("sign_in", __name__, url_prefix="/api/identity")

    @api.get("/authorize")
    def authorize() -> Any:
        asked = request.args
        account = state.browsers.get(request.cookies.get("onewindow_sso", ""))
        if account is None or city.signed_out:
            onwards = f"/api/identity/authorize?{request.query_string.decode()}"
            root = "/en" if asked["ui_locales"] == "en" else ""
            return redirect(f"{root}/sign-in/account?{urlencode({'next': onwards})}", 303)
        code = secrets.token_hex(8)
        state.codes[code] = account, dict(asked)
        answer = urlencode({"code": code, "state": asked["state"], "iss": state.issuer})
        return redirect(f"{asked['redirect_uri']}?{answer}", 303)

    @api.post("/token")
    def token() -> Any:
        basic = b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        if basic != f"portal:{client_secret(state.master_key, 'portal')}":
            return jsonify(error="invalid_client"), 401
        form = request.form
        if form["grant_type"] == "refresh_token":
            account = city._refresh.pop(form["refresh_token"], None)
            city.refreshes += 1
            return _handed_out(city.tokens(account)) if account else (jsonify(error="invalid_grant"), 400)
        account, asked = state.codes.pop(form["code"], (None, {}))
        digest = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if account is None or digest != asked["code_challenge"]:
            return jsonify(error="invalid_grant"), 400
        claims = {"iss": state.issuer, "aud": ["portal"], "nonce": asked["nonce"], "exp": time.time() + 600}
        id_token = city.mint.token(account["account_id"], **(claims | state.claims))
        return _handed_out(city.tokens(account) | {"id_token": id_token})

    @api.get("/me")
    def me() -> Any:
        account = city._tokens[request.headers["Authorization"].removeprefix("Bearer ")]
        return jsonify({"department": None} | account)

    @api.post("/sessions/end")
    def end() -> Any:
        state.ended.append(request.json["sso"])
        state.browsers.pop(request.json["sso"], None)
        return "", 204

    @api.get("/clients/tax-office")
    def client() -> Any:
        name = {"zh": "税务局办税系统", "en": "Tax office"}
        return jsonify(client_id="tax-office", name=name, scopes=["openid", "profile"])

    @api.post("/consents")
    def consent() -> Any:
        state.consented.append(request.json)
        return "", 204

    @api.get("/me/consents")
    def consents() -> Any:
        name = {"zh": "税务局办税系统", "en": "Tax office"}
        found = [{"client_id": c["client_id"], "name": name, "scopes": ["openid"]} for c in state.consented]
        return jsonify(items=found, next=None)

    @api.delete("/me/consents/<client_id>")
    def withdraw(client_id: str) -> Any:
        state.consented = [c for c in state.consented if c["client_id"] != client_id]
        return "", 204

    app.register_blueprint(api)
    return state


def _handed_out(tokens: dict[str, Any]) -> Any:
    return jsonify({name: value for name, value in tokens.items() if name != "account"})


def behind_one_origin(app: Flask, city: FakeCity, database: Database) -> Flask:
    """The portal with the city's interfaces at its own address, as behind the gate."""
    city.sign_ins.master_key = database.config.master_key
    city.sign_ins.issuer = f"{database.config.public_url}/api/identity"
    app.extensions["portal"].http.mount("http://", city.adapter())
    app.wsgi_app = one_origin(app.wsgi_app, city._app.application)  # type: ignore[method-assign]
    return app


def one_origin(pages: Callable[..., Any], city: Flask) -> Callable[..., Any]:
    def dispatch(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        inner = city if environ["PATH_INFO"].startswith("/api/") else pages
        return inner(environ, start_response)

    return dispatch
