"""Calls to notification and dashboard, and to what a supervisor does at approval."""

from __future__ import annotations

from typing import Any


class FollowCalls:
    """Part of `services.portal.clients.City`."""

    def _get(self, service: str, path: str, **params: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _post(self, service: str, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]:
        raise NotImplementedError

    def _call(self, method: str, service: str, path: str, **arguments: Any) -> dict[str, Any]:
        raise NotImplementedError

    # notification
    def messages(self, cursor: str | None = None) -> dict[str, Any]:
        return self._get("notification", "/messages", cursor=cursor)

    def message(self, message_id: str) -> dict[str, Any]:
        return self._get("notification", f"/messages/{message_id}")

    def read_messages(self, ids: list[str] | None = None) -> None:
        self._post("notification", "/messages/read", {"ids": ids} if ids else {})

    def preferences(self) -> dict[str, Any]:
        return self._get("notification", "/preferences")

    def prefer(self, language: str, mail: list[str]) -> None:
        self._call("PUT", "notification", "/preferences", json={"language": language, "mail": mail})

    def outbox(self, state: str | None = None, cursor: str | None = None) -> dict[str, Any]:
        return self._get("notification", "/outbox", state=state, cursor=cursor)

    # identity
    def my_email(self) -> str:
        return str(self._get("identity", "/me/contact")["email"] or "")

    def set_email(self, email: str) -> None:
        self._call("PUT", "identity", "/me/contact", json={"email": email or None})

    # dashboard
    def figures(self) -> dict[str, Any]:
        return self._get("dashboard", "/figures")

    def counted_cases(self, **asked: Any) -> dict[str, Any]:
        return self._get("dashboard", "/cases", **asked)

    def watched(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("dashboard", "/watch")["items"]
        return found

    def supervision_records(self, state: str | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("dashboard", "/supervisions", state=state)["items"]
        return found

    # approval
    def supervision_answers(self) -> dict[str, dict[str, Any]]:
        """Open records with the words of their written answer, by branch."""
        return {r["branch_no"]: r for r in self._get("approval", "/supervisions")["items"]}

    def close_supervision(self, branch_no: str, key: str) -> None:
        self._post("approval", f"/supervisions/{branch_no}/close", {}, key=key)
