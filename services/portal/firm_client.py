"""Calls to identity about real names, and about firms and who acts for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any


class FirmCalls:
    """Mixed into the city's client, in the visitor's name."""

    if TYPE_CHECKING:

        def _get(self, service: str, path: str, **params: Any) -> dict[str, Any]: ...
        def _post(self, service: str, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]: ...

    def register(self, command: dict[str, Any]) -> dict[str, Any]:
        return self._post("identity", "/accounts", command)

    def real_name(self) -> dict[str, Any]:
        return self._get("identity", "/me/real-name")

    def send_phone_code(self, phone: str) -> None:
        self._post("identity", "/me/real-name/phone", {"phone": phone})

    def confirm_phone(self, code: str) -> None:
        self._post("identity", "/me/real-name/phone/confirm", {"code": code})

    def check_number(self, name: str, id_number: str) -> None:
        self._post("identity", "/me/real-name/number", {"name": name, "id_number": id_number})

    def confirm_at_window(self, seen: dict[str, Any]) -> int:
        """Of whom a clerk has seen the document; the level the account has now."""
        return int(self._post("identity", "/window/real-name", seen)["level"])

    def my_firms(self) -> list[dict[str, Any]]:
        """Those I act for now."""
        found: list[dict[str, Any]] = self._get("identity", "/me/firms")["items"]
        return found

    def renounce(self, agency_id: str) -> None:
        self._post("identity", f"/me/firms/{agency_id}/renounce", {})

    def firm(self) -> dict[str, Any]:
        """The firm I act for or am, with its members and invitations."""
        return self._get("identity", "/firm")

    def invite(self, name: str, items: list[str], until: str, key: str) -> dict[str, Any]:
        body = {"name": name, "items": items, "until": until}
        return self._post("identity", "/firm/invitations", body, key=key)

    def withdraw_invitation(self, invitation_id: str) -> None:
        self._post("identity", f"/firm/invitations/{invitation_id}/withdraw", {})

    def revoke_agency(self, agency_id: str) -> None:
        self._post("identity", f"/firm/agencies/{agency_id}/revoke", {})

    def invitation(self, act: str, code: str) -> dict[str, Any]:
        """``act``: look-up, accept, decline."""
        return self._post("identity", f"/invitations/{act}", {"code": code})
