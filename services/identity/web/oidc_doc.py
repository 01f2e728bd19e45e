"""The provider's endpoints in the OpenAPI document: they take forms and queries no schema of ours reads."""

from __future__ import annotations

from typing import Any

_AUTHORIZE = {
    "response_type": "code",
    "client_id": "the client",
    "redirect_uri": "one of its registered addresses, exactly",
    "scope": "openid, and profile, firm",
    "code_challenge": "base64url of the SHA-256 hash of the verifier",
    "code_challenge_method": "S256",
    "state": "comes back with the answer",
    "nonce": "stands in the ID token",
    "prompt": "none, login or consent",
    "max_age": "seconds since the sign-in, at most",
    "ui_locales": "zh-CN or en",
}
_NEEDED = ("response_type", "client_id", "redirect_uri", "code_challenge", "code_challenge_method")
_TOKEN = {
    "grant_type": "authorization_code, refresh_token or client_credentials",
    "code": "of the sign-in",
    "redirect_uri": "as it was asked for",
    "code_verifier": "RFC 7636",
    "refresh_token": "counts once",
    "scope": "at most what was granted",
    "client_id": "of a public client, or with client_secret",
    "client_secret": "unless sent by HTTP Basic",
}
_LOGOUT = {
    "id_token_hint": "the ID token of the session to end",
    "post_logout_redirect_uri": "one of the client's registered addresses, exactly",
    "client_id": "the client",
    "state": "comes back with the answer",
}


def query(told: dict[str, str], needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Parameters of an address."""
    return {
        "parameters": [
            {
                "in": "query",
                "name": name,
                "description": text,
                "required": name in needed,
                "schema": {"type": "string"},
            }
            for name, text in told.items()
        ]
    }


def form(told: dict[str, str], needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Fields of a form."""
    properties = {name: {"type": "string", "description": text} for name, text in told.items()}
    schema = {"type": "object", "properties": properties, "required": list(needed)}
    return {"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}}


AUTHORIZE = query(_AUTHORIZE, _NEEDED)
TOKEN = form(_TOKEN, ("grant_type",))
REVOKE = form({"token": "a refresh token", "client_id": "of a public client"}, ("token",))
LOGOUT = query(_LOGOUT)
