"""Signing in: the portal is a client of the city's OpenID provider, and draws the provider's pages."""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import structlog
from flask import Response, request, url_for
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from chassis.auth import ALGORITHM
from chassis.credentials import client_secret
from chassis.serving import serving
from services.portal.clients import Refused, Unreachable
from services.portal.security_client import SignedIn
from services.portal.web.entry import begin_step, device, keep_device
from services.portal.web.portal import (
    EXPIRED,
    SSO_COOKIE,
    account,
    anybody,
    city,
    go,
    go_to,
    language,
    next_or,
    note,
    page,
    portal,
    requires,
    session,
    token,
)
from services.portal.web.public import first_page, pages, why_not

AUTHORIZE = "/api/identity/authorize"
SCOPE = "openid profile firm onewindow"
SKEW_S = 60
BY_UPSTREAM = "upstream:"
"""So the ID token's ``amr`` names the provider somebody came through."""

log = structlog.get_logger("portal")


class NotJoined(Exception):
    """What came back from the provider doesn't belong to what was asked; the text says why, for logs."""


@pages.get("/sign-in")
def sign_in() -> Response:
    """To the provider, which comes back to `signed_in_there`."""
    site = urlsplit(portal().config.public_url)
    if request.host != site.netloc and "here" not in request.args:
        # cookies belong to one host: everything happens at the address people know
        query = urlencode({"next": next_or(""), "here": "1"})
        return go_to(f"{portal().config.public_url}{request.script_root}/sign-in?{query}")
    state, nonce, verifier = (secrets.token_urlsafe(n) for n in (16, 16, 32))
    session().begin_flow(
        state, {"nonce": nonce, "verifier": verifier, "next": next_or(""), "root": request.script_root}
    )
    digest = hashlib.sha256(verifier.encode()).digest()
    query = urlencode(
        {
            "response_type": "code",
            "client_id": "portal",
            "redirect_uri": _redirect_uri(),
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            "ui_locales": language().code,
        }
    )
    return go_to(f"{AUTHORIZE}?{query}")


@pages.route("/sign-in/account", methods=["GET", "POST"])
def sign_in_account() -> Response:
    """The provider's own page: account and password. ``next`` is the request it goes on with."""
    t = language()
    if request.method == "GET":
        return page("sign_in.html", next=next_or(""), login="", errors=[], upstreams=offered())
    login, password = request.form.get("login", "").strip(), request.form.get("password", "")
    errors = [] if login else [("login", t("请填写账号"))]
    errors += [] if password else [("password", t("请填写密码"))]
    if not errors:
        try:
            answer = anybody().sign_in(login, password, device())
        except Refused as refused:
            if (step := begin_step(refused, next_or(""))) is not None:
                return step
            errors = [("login", why_not(refused))]
        else:
            return recognised(answer, next_or(""))
    here = {"next": next_or(""), "login": login, "errors": errors, "upstreams": offered()}
    return page("sign_in.html", 422, **here)


def offered() -> list[dict[str, Any]]:
    """The other providers people may sign in through; none while identity is away."""
    try:
        return list(portal().public("upstreams"))
    except (Refused, Unreachable):
        return []


def recognised(answer: SignedIn, wanted: str) -> Response:
    """The provider knows this browser from now on; ``wanted`` goes on with what it was asked."""
    old = request.cookies.get(SSO_COOKIE, "")
    if old:
        with suppress(Refused, Unreachable):
            anybody().end_session(old)
    tokens, known_device = answer
    session().step = {}
    _link(tokens["access_token"])
    response = keep_device(onwards(wanted), known_device)
    response.set_cookie(
        SSO_COOKIE,
        tokens["sso"],
        path="/",
        httponly=True,
        samesite="Lax",
        secure=portal().config.public_url.startswith("https:"),
    )
    return response


def _link(token: str) -> None:
    """Whoever came from another provider has now signed in here: both are the same person."""
    waiting, session().link = session().link, {}
    if not waiting:
        return
    try:
        portal().city(token, language().code).link(waiting["ticket"])
    except Refused as refused:
        note(refused.detail, "wait")
    except Unreachable as error:
        log.warning("not linked", error=repr(error))
    else:
        note(language()("已关联。以后可以直接从那边登录。"))


def onwards(wanted: str) -> Response:
    """On to the provider. Where that leads out of this site, by a page of its own: browsers hold a form to
    `form-action` through all redirects that follow it."""
    if not wanted.startswith(f"{AUTHORIZE}?"):
        return go("public.sign_in", next=wanted)
    if parse_qs(urlsplit(wanted).query).get("client_id") == ["portal"]:
        return go_to(wanted)
    response = page("onwards.html", wanted=wanted)
    response.headers["Refresh"] = f"0; url={quote(wanted, safe='/?&=%+:;,.~-_')}"
    return response


@pages.get("/sign-in/done")
def signed_in_there() -> Response:
    """The provider's answer: a code for tokens, and the page that was wanted."""
    flow = session().end_flow(request.args.get("state", ""))
    if flow is None:
        return _not_joined("unknown state")
    try:
        if request.args.get("iss") != _issuer():
            raise NotJoined("another issuer")
        if "code" not in request.args:
            raise NotJoined(request.args.get("error", "no code"))
        address = request.args["code"], flow["verifier"], _redirect_uri(), _secret()
        tokens = anybody().exchange(*address)
        ways = _check_id_token(tokens, flow["nonce"]).get("amr", [])
        tokens["account"] = portal().city(tokens["access_token"], language().code).me()
    except (NotJoined, Refused) as error:
        return _not_joined(str(error))
    session().notes = [n for n in session().notes if n["text"] != language()(EXPIRED)]
    session().begin(tokens, time.time())
    session().came_by = next((w[len(BY_UPSTREAM) :] for w in ways if w.startswith(BY_UPSTREAM)), "")
    return go_to(flow["next"] or flow["root"] + url_for(first_page(account())))


def _not_joined(why: str) -> Response:
    log.warning("sign-in not joined", why=why[:200])
    detail = language()("登录没有接上。可能页面开得太久，或浏览器不让保存登录状态，请再登录一次。")
    return page(
        "error.html", 400, code=400, kind="", detail=detail, minutes=1, retry=url_for("public.sign_in")
    )


def _check_id_token(tokens: dict[str, Any], nonce: str) -> dict[str, Any]:
    """Its claims: signed by the provider, for us, now, in answer to this very request. Raises `NotJoined`."""

    def key_of(signed: Any) -> ECKey:
        key = serving().verifier.keyring.key(str(signed.headers().get("kid")))
        if key is None:
            raise NotJoined("unknown key")
        return key

    try:
        claims = jwt.decode(str(tokens.get("id_token")), key_of, algorithms=[ALGORITHM]).claims
        expected = {"iss": _issuer(), "aud": ["portal"], "nonce": nonce}
        found = {name: claims.get(name) for name in expected}
        if found != expected or float(claims["exp"]) < time.time() - SKEW_S:
            raise NotJoined("the ID token speaks of something else")
        return dict(claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise NotJoined(type(error).__name__) from None


@pages.route("/sign-in/consent", methods=["GET", "POST"])
def consent() -> Response:
    """A third party's system wants to know who somebody is: the visitor decides."""
    wanted = next_or("")
    asked = parse_qs(urlsplit(wanted).query)
    client_id = asked.get("client_id", [""])[0]
    if not wanted.startswith(f"{AUTHORIZE}?") or not client_id.isascii() or "/" in client_id:
        return go("public.home")
    client = anybody().client(client_id)
    scopes = (asked.get("scope", [""])[0] or " ".join(client["scopes"])).split()
    if request.method == "GET":
        return page("consent.html", client=client, scopes=scopes, next=wanted)
    if request.form.get("answer") != "yes":
        return onwards(f"{wanted}&denied=1")
    try:
        anybody().consent(request.cookies.get(SSO_COOKIE, ""), client_id, " ".join(scopes))
    except Refused as refused:
        if refused.status not in (401, 422):
            raise
    return onwards(wanted)


@pages.route("/me/systems", methods=["GET", "POST"])
@requires("person", "firm", "staff")
def systems() -> Response:
    """Third parties' systems the visitor has let know something, and taking it back."""
    if request.method == "GET":
        return page("systems.html", systems=city().consents())
    try:
        city().withdraw_consent(request.form.get("client_id", "").replace("/", ""))
    except Refused as refused:
        if refused.status != 404:
            raise
    note(language()("已取消。那个系统不能再用您的账号登录，除非您再次同意。"))
    return go("public.systems")


@pages.route("/sign-out", methods=["GET", "POST"])
def sign_out() -> Response:
    """Sign out here and of every system this sign-in opened. By GET the visitor is asked first."""
    if request.method == "GET":
        return page("sign_out.html")
    sso = request.cookies.get(SSO_COOKIE, "")
    try:
        portal().city("" if sso else token(), language().code).end_session(sso)
    except (Refused, Unreachable) as error:
        log.warning("session not ended", error=repr(error))
    came_by = next((language().of(o["name"]) for o in offered() if o["slug"] == session().came_by), "")
    session().end()
    session().tracked.clear()
    note(language()("您已退出登录。"))
    if came_by:
        text = language()("您在{name}那边可能还登录着。用的是公用电脑的话，请到那里也退出。", name=came_by)
        note(text, "wait")
    response = go("public.home")
    response.delete_cookie(SSO_COOKIE, path="/", httponly=True, samesite="Lax")
    return response


def _issuer() -> str:
    return f"{portal().config.public_url}/api/identity"


def _redirect_uri() -> str:
    return f"{portal().config.public_url}/sign-in/done"


def _secret() -> str:
    return client_secret(portal().config.master_key, "portal")
