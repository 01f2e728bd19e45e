"""Calls about one's own data: a copy of it, and the end of the account."""

from __future__ import annotations

from typing import Any


class OwnDataCalls:
    """Part of `services.portal.clients.City`."""

    def _get(self, service: str, path: str, **params: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _post(self, service: str, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]:
        raise NotImplementedError

    def _items(self, service: str, path: str, **params: Any) -> list[dict[str, Any]]:
        raise NotImplementedError

    def copy_of_own_data(self) -> dict[str, Any]:
        """All that the services keep in the visitor's name."""
        cases = self._items("intake", "/applications")
        for case in cases:
            case["form"] = self._get("intake", f"/applications/{case['application_no']}/form")["form"]
            signed = self._get("intake", f"/applications/{case['application_no']}/signatures")["items"]
            case["signatures"] = signed
        drafts = self._items("intake", "/drafts")
        return {
            **self._get("identity", "/me/export"),
            "cases": cases,
            "drafts": [self._get("intake", f"/drafts/{draft['draft_id']}") for draft in drafts],
            "messages": self._items("notification", "/messages"),
            "preferences": self._get("notification", "/preferences"),
        }

    def close_account(self, password: str) -> dict[str, Any]:
        return self._post("identity", "/me/closure", {"password": password})
