"""OpenID Connect: discovery, authorization, tokens, user info, revocation."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError
from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError
from flask import Response, jsonify, redirect, request

from chassis import metrics
from chassis.auth import InvalidToken
from chassis.serving import serving
from chassis.web import Blueprint, current_database, public
from services.identity.domain import UnknownAccount
from services.identity.domain.clients import OPENID, Client
from services.identity.domain.grants import Consent
from services.identity.handlers import browser_session, grants
from services.identity.handlers.accounts import locked
from services.identity.handlers.audit import write_down
from services.identity.handlers.clients import consent_of
from services.identity.provider import Owner, asked, claims, issuer, metadata_of
from services.identity.provider.server import must_ask_again
from services.identity.web import oidc_doc
from services.identity.web.faults import fault_page
from services.identity.web.oauth import (
    NO_STORE,
    UNKNOWN,
    client_label,
    guarded,
    provider,
    read_request,
    settled,
    slow_down,
)

oidc = Blueprint("oidc", __name__, description="OpenID Connect, for systems people sign in to.")
SSO_COOKIE = "onewindow_sso"


@oidc.route("/.well-known/openid-configuration")
@public
def discovery() -> Response:
    """What this provider can do, and where."""
    response = jsonify(metadata_of(current_database().config))
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@oidc.route("/authorize", methods=["GET", "POST"])
@oidc.doc(**oidc_doc.AUTHORIZE)
@settled
@public
def authorize() -> Response:
    """Begin a sign-in (RFC 6749 §4.1.1, PKCE S256 demanded). Answers by redirects; a request that can't be
    answered so (unknown client, redirect address not registered) gets a page of our own."""
    response = guarded(_authorize)
    refusal = provider().refusal
    if refusal is not None and not response.location:
        return fault_page(refusal)
    return response if refusal is None else _named(response)


def _authorize() -> Response:
    uow = provider().uow
    asking = read_request()
    data = asking.payload.data
    prompt = data.get("prompt", "").split()
    since = asked.read(uow.master_key, data.get(asked.PARAMETER, ""))
    owner = _owner()
    if owner is not None and must_ask_again(owner, prompt, _max_age(data.get("max_age")), since, uow.now):
        owner = None
    silent = prompt == ["none"]
    grant = provider().get_consent_grant(asking, end_user=owner)
    if owner is None:
        if silent:
            raise LoginRequiredError(redirect_uri=grant.redirect_uri, state=asking.payload.state)
        return _ask("/sign-in/account", data, asked_for=bool({"login"} & set(prompt)) or "max_age" in data)
    client: Client = asking.client.client
    if data.get("denied") == "1":
        raise AccessDeniedError(redirect_uri=grant.redirect_uri, state=asking.payload.state)
    known = consent_of(owner.account.account_id, client.client_id, uow.session)
    if not _may_know(client, known, asking.scope, "consent" in prompt, since):
        if silent:
            raise ConsentRequiredError(redirect_uri=grant.redirect_uri, state=asking.payload.state)
        return _ask("/sign-in/consent", data, asked_for="consent" in prompt)
    response = provider().create_authorization_response(asking, grant_user=owner, grant=grant)
    return response if provider().refusal is not None else _named(response)


def _owner() -> Owner | None:
    found = browser_session(request.cookies.get(SSO_COOKIE, ""), provider().uow)
    return Owner(*found) if found is not None and found[0].kind != "machine" else None


def _max_age(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidRequestError("max_age must be a number of seconds.")
    return int(text)


def _may_know(client: Client, known: Consent | None, scope: str, anew: bool, since: Any) -> bool:
    """Whether the client may know what it asks for: part of the platform, or consent was given."""
    if client.first_party:
        return True
    if known is None or not set(scope.split()) <= set(known.scopes):
        return False
    return not anew or (since is not None and known.given_at >= since)


def _ask(path: str, data: Any, *, asked_for: bool) -> Response:
    """To the portal, which shows the page and comes back with the same request."""
    config = current_database().config
    left_out = (asked.PARAMETER, "denied")
    pairs: list[tuple[str, str]] = [(k, v) for k, v in data.items(multi=True) if k not in left_out]
    if asked_for:
        pairs.append((asked.PARAMETER, asked.stamp(config.master_key, provider().uow.now)))
    language = "/en" if data.get("ui_locales", "").split()[:1] in (["en"], ["en-US"], ["en-GB"]) else ""
    onwards = f"/api/identity/authorize?{urlencode(pairs)}"
    return _to(f"{config.public_url}{language}{path}?{urlencode({'next': onwards})}")


def _to(address: str) -> Response:
    return cast(Response, redirect(address, code=303))


def _named(response: Response) -> Response:
    """An answer to the client says who gives it (RFC 9207)."""
    parts = urlsplit(response.location or "")
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), ("iss", issuer(current_database().config))]
    response.location = urlunsplit(parts._replace(query=urlencode(pairs)))
    response.status_code = 303
    return response


@oidc.route("/token", methods=["POST"])
@oidc.doc(**oidc_doc.TOKEN)
@settled
@public
def token() -> Response:
    """Tokens for a code, a refresh token, or a machine's own credentials (RFC 6749 §5, form encoded)."""
    response = guarded(lambda: provider().create_token_response(read_request()))
    if provider().refusal is None:
        metrics.SIGN_INS.labels(client_label(), "ok").inc()
    return response


@oidc.route("/userinfo", methods=["GET", "POST"])
@settled
@public
def userinfo() -> Response:
    """Claims about whoever the access token stands for, by its scope; never an ID number."""
    bearer = request.authorization
    presented = bearer.token if bearer is not None and bearer.type == "bearer" else None
    if not presented:
        return _no_bearer("")
    try:
        who = serving().verifier.verify(presented, audience=None)
        if OPENID not in who.scopes:
            return _no_bearer("insufficient_scope", 403)
        account = locked(who.account_id, provider().uow)
    except (InvalidToken, UnknownAccount) as error:
        reason = error.reason if isinstance(error, InvalidToken) else "unknown"
        metrics.TOKENS_REFUSED.labels("identity", reason).inc()
        if reason not in ("expired", "revoked"):
            write_down(UNKNOWN, "oidc:bad_token", [UNKNOWN], provider().uow)
            slow_down(provider().uow)
        return _no_bearer("invalid_token")
    response = jsonify(claims.user_info(account, " ".join(who.scopes)))
    response.headers.update(NO_STORE)
    return response


def _no_bearer(error: str, status: int = 401) -> Response:
    body = jsonify(error=error) if error else Response()
    response = Response(body.get_data(), status=status, content_type=body.content_type, headers=NO_STORE)
    response.headers["WWW-Authenticate"] = "Bearer" + (f' error="{error}"' if error else "")
    return response


@oidc.route("/revoke", methods=["POST"])
@oidc.doc(**oidc_doc.REVOKE)
@settled
@public
def revoke() -> Response:
    """End a refresh token with its family (RFC 7009). Access tokens end by themselves within ten minutes."""

    def work() -> Response:
        asking = read_request()
        methods = ["client_secret_basic", "client_secret_post", "none"]
        client = provider().authenticate_client(asking, methods, "revocation")
        presented = asking.form.get("token")
        if not presented:
            raise InvalidRequestError("token is missing.")
        found = grants.grant_of(presented, client.client, provider().uow)
        if found is not None:
            found.ended_at = provider().uow.now
        return Response(status=200, headers=NO_STORE)

    return guarded(work)
