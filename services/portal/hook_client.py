"""Calls to notification about a department's webhooks."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote


class HookCalls:
    """Part of `services.portal.clients.City`."""

    def _get(self, service: str, path: str, **params: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _post(self, service: str, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]:
        raise NotImplementedError

    def _call(self, method: str, service: str, path: str, **arguments: Any) -> dict[str, Any]:
        raise NotImplementedError

    def hooks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("notification", "/hooks")["items"]
        return found

    def hook(self, endpoint_id: str) -> dict[str, Any]:
        return self._get("notification", _one(endpoint_id))

    def make_hook(self, url: str) -> dict[str, Any]:
        """With its secret, which is shown this once."""
        return self._post("notification", "/hooks", {"url": url})

    def change_hook(self, endpoint_id: str, **changes: Any) -> None:
        self._call("PATCH", "notification", _one(endpoint_id), json=changes)

    def remove_hook(self, endpoint_id: str) -> None:
        self._call("DELETE", "notification", _one(endpoint_id))

    def renew_hook_secret(self, endpoint_id: str) -> dict[str, Any]:
        """With its new secret, which is shown this once."""
        return self._post("notification", f"{_one(endpoint_id)}/secret", {})

    def test_hook(self, endpoint_id: str) -> None:
        self._post("notification", f"{_one(endpoint_id)}/test", {})

    def hook_deliveries(self, endpoint_id: str, before: str | None = None) -> dict[str, Any]:
        return self._get("notification", f"{_one(endpoint_id)}/deliveries", before=before)

    def deliver_again(self, endpoint_id: str, event_id: str) -> None:
        self._post("notification", f"{_one(endpoint_id)}/again", {"events": [event_id]})


def _one(endpoint_id: str) -> str:
    return f"/hooks/{quote(endpoint_id, safe='')}"
