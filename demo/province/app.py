"""What the province shows and answers."""

from __future__ import annotations

import secrets
import time
from typing import Any

from authlib.oauth2 import OAuth2Error
from flask import Flask, Response, jsonify, make_response, render_template_string, request

from demo.province.provider import ALGORITHM, Province, SignedIn

COOKIE = "province_session"
PAGE = """<!doctype html>
<html lang="zh-Hans-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>省统一身份认证（样例）</title></head>
<body><main>
<h1>省统一身份认证（样例）</h1>
<p lang="en">A sandbox: the provincial platform as One Window sees it. Everybody here is invented.</p>
{% if wrong %}<p role="alert" id="wrong">账号或密码不对，请再试一次。</p>{% endif %}
{% if asked %}
<form method="post" action="?{{ asked }}">
<p><label>账号 <input name="login" id="login" autocomplete="username" value="shenjiahe"></label></p>
<p><label>密码
<input name="password" id="password" type="password" autocomplete="current-password"></label></p>
<p><button id="go">登录</button> <button id="deny" name="deny" value="1">不登录，回去</button></p>
</form>
<table><caption>账号（密码都是 {{ province.password }}）</caption>
{% for p in province.people.values() %}
<tr><th scope="row">{{ p.login }}</th><td>{{ p.name }}</td><td>{{ p.note }}</td></tr>
{% endfor %}</table>
{% elif here %}
<p id="who">您好，{{ here.person.name }}。</p>
<form method="post" action="/sign-out"><button>退出</button></form>
{% else %}
<p id="nobody">没有登录。</p>
{% endif %}
</main></body></html>
"""


def create_app(province: Province) -> Flask:
    """The province as a WSGI application."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = secrets.token_bytes(32)
    province.start(app)

    def here() -> SignedIn | None:
        return province.browsers.get(request.cookies.get(COOKIE, ""))

    def shown(status: int = 200, **values: Any) -> Response:
        text = render_template_string(PAGE, province=province, here=here(), **values)
        return make_response(text, status)

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        return jsonify(
            issuer=province.issuer,
            authorization_endpoint=f"{province.issuer}/authorize",
            token_endpoint=f"{province.issuer}/token",
            userinfo_endpoint=f"{province.issuer}/userinfo",
            jwks_uri=f"{province.issuer}/jwks.json",
            response_types_supported=["code"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=[ALGORITHM],
            token_endpoint_auth_methods_supported=["client_secret_basic"],
            code_challenge_methods_supported=["S256"],
            authorization_response_iss_parameter_supported=True,
        )

    @app.get("/jwks.json")
    def keys() -> Response:
        return jsonify(keys=[key.as_dict(private=False) for key in province.keys])

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Response:
        try:
            grant = province.get_consent_grant(end_user=None)
        except OAuth2Error as error:
            return make_response(f"{error.error}: {error.description}", 400)
        if request.method == "POST":
            return answered(grant)
        signed_in = None if request.args.get("prompt") == "login" else here()
        if signed_in is None:
            return shown(asked=request.query_string.decode())
        return back(grant, signed_in)

    def answered(grant: Any) -> Response:
        if request.form.get("deny"):
            return back(grant, None)
        person = province.people.get(request.form.get("login", ""))
        if person is None or request.form.get("password") != province.password:
            return shown(422, asked=request.query_string.decode(), wrong=True)
        session = secrets.token_urlsafe(16)
        province.browsers[session] = SignedIn(person, int(time.time()))
        response = back(grant, province.browsers[session])
        response.set_cookie(COOKIE, session, httponly=True, samesite="Lax")
        return response

    def back(grant: Any, user: SignedIn | None) -> Response:
        response: Response = province.create_authorization_response(grant_user=user, grant=grant)
        return response

    @app.post("/token")
    def token() -> Response:
        response: Response = province.create_token_response()
        return response

    @app.get("/userinfo")
    def userinfo() -> Response:
        person = province.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if person is None:
            return make_response(jsonify(error="invalid_token"), 401)
        return jsonify(sub=person.subject, name=person.name, id_card_number=person.id_number)

    @app.get("/")
    def home() -> Response:
        return shown()

    @app.post("/sign-out")
    def sign_out() -> Response:
        province.browsers.pop(request.cookies.get(COOKIE, ""), None)
        return shown()

    return app
