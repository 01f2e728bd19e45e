"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oidc.rpinitiated import EndSessionEndpoint
from flask import Response, redirect, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from chassis.auth import ALGORITHM
from chassis.web import Blueprint, current_database, public
from services.identity import keys
from services.identity.handlers import browser_session, end_session
from services.identity.handlers.audit import write_down
from services.identity.provider import issuer
from services.identity.web import oidc_doc
from services.identity.web.faults import fault_page
from services.identity.web.oauth import UNKNOWN, guarded, provider, read_request, settled, slow_down
from services.identity.web.oidc import SSO_COOKIE

logout = Blueprint("logout", __name__, description="Signing out of all systems at once.")


class Logout(EndSessionEndpoint):
    """Ends the session an ID token speaks of. Without one, the visitor is asked first."""

    def resolve_client_from_id_token_claims(self, id_token_claims: dict[str, Any]) -> Any:
        audience = id_token_claims.get("aud")
        audience = audience if isinstance(audience, list) else [audience]
        return provider().query_client(str(audience[0])) if audience else None

    def _is_valid_post_logout_redirect_uri(self, client: Any, uri: str) -> bool:
        return bool(client.check_post_logout_redirect_uri(uri))

    def _validate_id_token_hint(self, id_token_hint: str) -> dict[str, Any]:
        """One of ours, of any age."""
        uow = provider().uow
        known = KeySet([ECKey.import_key(dict(k)) for k in keys.known_keys(uow.session)])
        try:
            found = jwt.decode(id_token_hint, known, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            write_down(UNKNOWN, "oidc:bad_token", [UNKNOWN], uow)
            slow_down(uow)
            raise InvalidRequestError("id_token_hint is not one of ours.") from None
        if found.claims.get("iss") != issuer(current_database().config) or "events" in found.claims:
            raise InvalidRequestError("id_token_hint is not an ID token of ours.")
        return dict(found.claims)

    def end_session(self, end_session_request: Any) -> None:
        claims = end_session_request.id_token_claims or {}
        if claims.get("sid"):
            end_session(str(claims["sub"]), str(claims["sid"]), provider().uow)


@logout.route("/logout", methods=["GET", "POST"])
@logout.doc(**oidc_doc.LOGOUT)
@settled
@public
def end() -> Response:
    """End the session, tell the others, and go back to the client's registered address."""
    response = guarded(_end)
    refusal = provider().refusal
    return fault_page(refusal) if refusal is not None else response


def _end() -> Response:
    endpoint = Logout(provider())
    wanted = endpoint.validate_request(read_request())
    site = current_database().config.public_url
    if wanted.needs_confirmation or not _is_their_browser(wanted.id_token_claims or {}):
        response = redirect(f"{site}/sign-out", code=303)
        return Response(status=303, headers={"Location": response.location or site})
    endpoint.end_session(wanted)
    response = Response(status=303, headers={"Location": wanted.redirect_uri or f"{site}/"})
    response.delete_cookie(SSO_COOKIE, path="/", httponly=True, samesite="Lax")
    return response


def _is_their_browser(claims: dict[str, Any]) -> bool:
    """Whether the browser isn't in somebody else's session meanwhile."""
    found = browser_session(request.cookies.get(SSO_COOKIE, ""), provider().uow)
    return found is None or found[0].account_id == claims.get("sub")
