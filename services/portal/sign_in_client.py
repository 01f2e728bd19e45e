"""Signing in at the city's OpenID provider, and what the pages on the way there need."""

from __future__ import annotations

from typing import Any


class SignInCalls:
    """Mixed into `City`: `_post`, `_get`, `_call`, `_answer` are its own."""

    _post: Any
    _get: Any
    _call: Any
    _answer: Any

    def exchange(self, code: str, verifier: str, redirect_uri: str, secret: str) -> dict[str, Any]:
        """The tokens a sign-in's code stands for."""
        return self._token(
            secret,
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            redirect_uri=redirect_uri,
        )

    def refresh(self, refresh_token: str, secret: str) -> dict[str, Any]:
        return self._token(secret, grant_type="refresh_token", refresh_token=refresh_token)

    def me(self) -> dict[str, Any]:
        """The visitor's account."""
        return dict(self._get("identity", "/me"))

    def end_session(self, sso: str) -> None:
        """Sign out everywhere this browser's session reaches."""
        self._answer("POST", "identity", "/sessions/end", json={"sso": sso})

    def client(self, client_id: str) -> dict[str, Any]:
        """A system that people sign in to from here."""
        return dict(self._get("identity", f"/clients/{client_id}"))

    def consent(self, sso: str, client_id: str, scope: str) -> None:
        body = {"sso": sso, "client_id": client_id, "scope": scope}
        self._answer("POST", "identity", "/consents", json=body)

    def consents(self) -> list[dict[str, Any]]:
        return list(self._get("identity", "/me/consents")["items"])

    def withdraw_consent(self, client_id: str) -> None:
        self._answer("DELETE", "identity", f"/me/consents/{client_id}")

    def _token(self, secret: str, **form: str) -> dict[str, Any]:
        return dict(self._call("POST", "identity", "/token", data=form, auth=("portal", secret)))
