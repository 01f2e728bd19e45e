"""Calls to identity about signing in through other providers 省统一身份认证."""

from __future__ import annotations

from typing import Any

from services.portal.security_client import SignedIn


class UpstreamCalls:
    """Mixed into `City`: `_post`, `_get`, `_answer`, `_sign_in` are its own."""

    _post: Any
    _get: Any
    _answer: Any
    _sign_in: Any

    def upstreams(self) -> list[dict[str, Any]]:
        """The providers people may sign in through."""
        return list(self._get("identity", "/upstreams")["items"])

    def begin_upstream(self, slug: str, browser: str, fresh: bool) -> dict[str, str]:
        """Where the browser goes, and the state it comes back with."""
        return dict(
            self._post("identity", f"/upstreams/{slug}/sign-ins", {"browser": browser, "fresh": fresh})
        )

    def upstream_answer(self, slug: str, answer: dict[str, str], device: str) -> SignedIn:
        found: SignedIn = self._sign_in(f"/upstreams/{slug}/answers", answer, device)
        return found

    def open_by_ticket(self, ticket: str, device: str) -> SignedIn:
        """An account of one's own, beside the one that only claims the number."""
        found: SignedIn = self._sign_in("/upstream-accounts", {"ticket": ticket}, device)
        return found

    def my_links(self) -> list[dict[str, Any]]:
        return list(self._get("identity", "/me/upstream-links")["items"])

    def link(self, ticket: str) -> None:
        self._answer("POST", "identity", "/me/upstream-links", json={"ticket": ticket})

    def unlink(self, link_id: str) -> None:
        self._answer("DELETE", "identity", f"/me/upstream-links/{link_id}")
