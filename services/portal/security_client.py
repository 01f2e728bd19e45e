"""Calls to identity about signing in by steps, one's own security and staff."""

from __future__ import annotations

from typing import Any

import requests

from services.portal.session import DEVICE_COOKIE

SignedIn = tuple[dict[str, Any], str]
"""What identity answered to a sign-in, and the device's new cookie."""


class SecurityCalls:
    """Part of `services.portal.clients.City`."""

    def _get(self, service: str, path: str, **params: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _post(self, service: str, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]:
        raise NotImplementedError

    def _call(self, method: str, service: str, path: str, **arguments: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _answer(self, method: str, service: str, path: str, **arguments: Any) -> requests.Response:
        raise NotImplementedError

    # signing in
    def sign_in(self, login: str, password: str, device: str = "") -> SignedIn:
        return self._sign_in("/tokens", {"login": login, "password": password}, device)

    def second_factor(self, challenge: str, code: str, device: str = "") -> SignedIn:
        return self._sign_in("/tokens/second-factor", {"challenge": challenge, "code": code}, device)

    def new_password(self, challenge: str, password: str, device: str = "") -> SignedIn:
        return self._sign_in("/tokens/new-password", {"challenge": challenge, "password": password}, device)

    def to_scan(self, challenge: str) -> dict[str, Any]:
        return self._post("identity", "/tokens/second-factor/enrolment", {"challenge": challenge})

    def _sign_in(self, path: str, body: dict[str, Any], device: str) -> SignedIn:
        headers = {"Cookie": f"{DEVICE_COOKIE}={device}"} if device else {}
        answer = self._answer("POST", "identity", path, json=body, headers=headers)
        return answer.json(), answer.cookies.get(DEVICE_COOKIE) or ""

    # one's own
    def my_security(self) -> dict[str, Any]:
        return self._get("identity", "/me/security")

    def my_sessions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("identity", "/me/sessions")["items"]
        return found

    def change_password(self, password: str, new_password: str) -> None:
        self._post("identity", "/me/password", {"password": password, "new_password": new_password})

    def begin_second_factor(self, password: str, code: str = "") -> dict[str, Any]:
        body = {"password": password} | ({"code": code} if code else {})
        return self._post("identity", "/me/second-factor", body)

    def confirm_second_factor(self, code: str) -> list[str]:
        found: list[str] = self._post("identity", "/me/second-factor/confirm", {"code": code})[
            "recovery_codes"
        ]
        return found

    def remove_second_factor(self, code: str) -> None:
        self._post("identity", "/me/second-factor/remove", {"code": code})

    def renew_recovery_codes(self, code: str) -> list[str]:
        found: list[str] = self._post("identity", "/me/second-factor/recovery-codes", {"code": code})[
            "recovery_codes"
        ]
        return found

    def end_my_session(self, session_id: str) -> None:
        self._call("DELETE", "identity", f"/me/sessions/{session_id}")

    def end_other_sessions(self) -> int:
        return int(self._post("identity", "/me/sessions/end-others", {})["ended"])

    # staff
    def units(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("identity", "/units")["items"]
        return found

    def staff(self, department: str | None, cursor: str | None) -> dict[str, Any]:
        return self._get("identity", "/staff", department=department, cursor=cursor)

    def member(self, account_id: str) -> tuple[dict[str, Any], str]:
        """A member of staff and the mark of what was seen."""
        answer = self._answer("GET", "identity", f"/staff/{account_id}")
        return answer.json(), answer.headers["ETag"].strip('"')

    def open_staff(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._post("identity", "/staff", body)

    def change_staff(self, account_id: str, body: dict[str, Any], mark: str) -> None:
        self._call("PUT", "identity", f"/staff/{account_id}", json=body, headers={"If-Match": f'"{mark}"'})

    def suspend(self, account_id: str) -> None:
        self._call("PUT", "identity", f"/staff/{account_id}/suspension")

    def resume(self, account_id: str) -> None:
        self._call("DELETE", "identity", f"/staff/{account_id}/suspension")

    def reset_password(self, account_id: str) -> str:
        return str(self._post("identity", f"/staff/{account_id}/initial-password", {})["initial_password"])

    def reset_second_factor(self, account_id: str) -> None:
        self._call("DELETE", "identity", f"/staff/{account_id}/second-factor")

    def sign_ins(self, account: str | None, cursor: str | None) -> dict[str, Any]:
        return self._get("identity", "/sign-ins", account=account, cursor=cursor)

    def audit(self, **filters: str | None) -> dict[str, Any]:
        return self._get("identity", "/audit", **filters)
