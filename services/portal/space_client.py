"""Calls about what is mine: certificates, consents, who read my data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any


class SpaceCalls:
    """Mixed into the city's client, in the visitor's name."""

    if TYPE_CHECKING:

        def _get(self, service: str, path: str, **params: Any) -> dict[str, Any]: ...
        def _call(self, method: str, service: str, path: str, **arguments: Any) -> dict[str, Any]: ...

    def certificates(self) -> list[dict[str, Any]]:
        """Valid ones first, the next to end before the others."""
        found: list[dict[str, Any]] = self._get("identity", "/certificates")["items"]
        return found

    def readings(self, cursor: str | None = None) -> dict[str, Any]:
        return self._get("identity", "/readings", cursor=cursor)

    def draft_certificates(self, draft_id: str) -> dict[str, Any]:
        """Certificates for a draft's materials (``items``); ``library`` is false while nobody answers."""
        return self._get("intake", f"/drafts/{draft_id}/certificates")

    def agree(self, draft_id: str, decided: dict[str, bool]) -> dict[str, Any]:
        """By material: whether its certificate may be used for this case."""
        body = {"certificates": decided}
        return self._call("PUT", "intake", f"/drafts/{draft_id}/certificates", json=body)
