"""The fire brigade's inspection system, as a department would write it: Flask and Authlib's client, nothing
of the platform's own. It knows people by the number of their account and keeps its sessions itself, so that a
sign-out somewhere else reaches it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, redirect, render_template_string, request, session, url_for
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from werkzeug.wrappers import Response

PAGE = """<!doctype html>
<html lang="zh-Hans-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>消防安全检查预约</title></head>
<body><main>
<h1>消防安全检查预约</h1>
{% if user %}
<p id="who">您好，{{ user.name }}。</p>
<form method="post" action="{{ url_for('sign_out') }}"><button>退出</button></form>
{% else %}
<p id="nobody">{{ said or "请先登录。" }}</p>
<p><a id="sign-in" href="{{ url_for('sign_in') }}">用一窗通账号登录</a></p>
{% endif %}
</main></body></html>
"""
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Visits:
    """Who is signed in here, by a number of our own; and which of the provider's sessions it came from."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)

    def begin(self, token: dict[str, Any]) -> str:
        visit = secrets.token_hex(16)
        claims = token["userinfo"]
        self.users[visit] = {"sid": claims["sid"], "sub": claims["sub"], "id_token": token["id_token"]}
        return visit

    def end(self, sid: str) -> None:
        for visit in [v for v, user in self.users.items() if user["sid"] == sid]:
            del self.users[visit]


def create_app(provider: str, client_id: str, client_secret: str) -> Flask:
    """The site; ``provider`` is the issuer's address."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY=secrets.token_bytes(32), SESSION_COOKIE_NAME="fire_site")
    visits = Visits()
    city = OAuth(app).register(
        "city",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{provider}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256", "trust_env": False},
    )

    @app.get("/")
    def home() -> str:
        user = visits.users.get(session.get("visit", ""))
        return render_template_string(PAGE, user=user, said=session.pop("said", ""))

    @app.get("/sign-in")
    def sign_in() -> Response:
        return city.authorize_redirect(url_for("signed_in", _external=True))

    @app.get("/callback")
    def signed_in() -> Response:
        try:
            token = city.authorize_access_token()
        except OAuthError as error:
            session["said"] = f"没有登录：{error.error}"
            return redirect(url_for("home"))
        session["visit"] = visits.begin(token)
        visits.users[session["visit"]]["name"] = city.userinfo(token=token)["name"]
        return redirect(url_for("home"))

    @app.post("/sign-out")
    def sign_out() -> Response:
        user = visits.users.pop(session.pop("visit", ""), None)
        if user is None:
            return redirect(url_for("home"))
        back = url_for("home", _external=True)
        return city.logout_redirect(post_logout_redirect_uri=back, id_token_hint=user["id_token"])

    @app.post("/signed-out")
    def signed_out() -> tuple[str, int]:
        """The provider says that a session is over (back-channel logout)."""
        metadata = city.load_server_metadata()
        expected = {"iss": metadata["issuer"], "aud": [client_id]}
        try:
            keys = KeySet.import_key_set(city.fetch_jwk_set(force=True))
            claims = jwt.decode(request.form.get("logout_token", ""), keys, algorithms=["ES256"]).claims
            jwt.JWTClaimsRegistry(exp={"essential": True}).validate(claims)
        except (JoseError, ValueError):
            return "", 400
        found = {name: claims.get(name) for name in expected}
        if found != expected or LOGOUT not in claims.get("events", {}) or "nonce" in claims:
            return "", 400
        visits.end(str(claims["sid"]))
        return "", 200

    return app
