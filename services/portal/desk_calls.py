"""What officers, heads and editors call: part of `services.portal.clients.City`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

AT_ONCE = 100
"""Names asked for by one call."""


class DeskCalls:
    """Every method raises `Refused` or `Unreachable`."""

    if TYPE_CHECKING:

        def _items(self, service: str, path: str, **params: Any) -> list[dict[str, Any]]: ...
        def _get(self, service: str, path: str, **params: Any) -> dict[str, Any]: ...
        def _post(self, service: str, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]: ...
        def _call(self, method: str, service: str, path: str, **arguments: Any) -> dict[str, Any]: ...

    def masked_names(self, account_ids: Iterable[str]) -> dict[str, str]:
        """Names of firms, and of persons with a part hidden, by account."""
        wanted, found = sorted(set(account_ids)), {}
        for start in range(0, len(wanted), AT_ONCE):
            ids = ",".join(wanted[start : start + AT_ONCE])
            for name in self._get("identity", "/accounts/names", ids=ids, masked="true")["items"]:
                found[name["account_id"]] = name["display_name"]
        return found

    def tasks(self) -> list[dict[str, Any]]:
        """Records of the department that failed."""
        return self._items("approval", "/inbox", status="task")

    def take_next(self, key: str) -> dict[str, Any]:
        return self._post("approval", "/inbox/next", {}, key=key)

    def answer_many(self, branch_nos: list[str], said: dict[str, str], key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._post(
            "approval", "/branches/answers", {"branch_nos": branch_nos} | said, key=key
        )["results"]
        return found

    def decide_extension(self, branch_no: str, approved: bool, reason: str, key: str) -> dict[str, Any]:
        body = {"approved": approved, "reason": reason}
        return self._post("approval", f"/branches/{branch_no}/extension/decision", body, key=key)

    def sign(self, branch_no: str, signed: bool, reason: str, key: str) -> dict[str, Any]:
        body = {"signed": signed, "reason": reason}
        return self._post("approval", f"/branches/{branch_no}/signature", body, key=key)

    def head_desk(self) -> dict[str, Any]:
        return self._get("approval", "/head")

    def supervisions(self) -> list[dict[str, Any]]:
        return self._items("approval", "/supervisions")

    def answer_supervision(self, branch_no: str, words: str, key: str) -> dict[str, Any]:
        return self._post("approval", f"/supervisions/{branch_no}/answer", {"answer": words}, key=key)

    def colleagues(self) -> list[str]:
        found: list[str] = self._get("approval", "/colleagues")["items"]
        return found

    def delegations(self) -> list[dict[str, Any]]:
        return self._items("approval", "/delegations")

    def delegate(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        return self._post("approval", "/delegations", body, key=key)

    def end_delegation(self, id: str) -> dict[str, Any]:
        return self._post("approval", f"/delegations/{quote(id, safe='')}/end", {})

    def templates(self) -> list[dict[str, Any]]:
        return self._items("approval", "/templates")

    def keep_template(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        return self._post("approval", "/templates", body, key=key)

    def drop_template(self, id: str) -> None:
        self._call("DELETE", "approval", f"/templates/{quote(id, safe='')}")

    def filters(self) -> list[dict[str, Any]]:
        return self._items("approval", "/filters")

    def keep_filter(self, name: str, query: dict[str, str]) -> None:
        self._call("PUT", "approval", f"/filters/{quote(name, safe='')}", json=query)

    def drop_filter(self, name: str) -> None:
        self._call("DELETE", "approval", f"/filters/{quote(name, safe='')}")

    def set_calendar(self, year: int, days: dict[str, Any], mark: str) -> dict[str, Any]:
        """Refused with 412 if somebody else has edited the year since ``mark`` was read."""
        headers = {"If-Match": f'"{mark}"'}
        return self._call("PUT", "catalog", f"/calendar/{year}", json=days, headers=headers)
