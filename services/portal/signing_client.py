"""Calls to intake about signatures before filing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests


class SigningCalls:
    """Mixed into the city's client, in the visitor's name."""

    if TYPE_CHECKING:

        def _get(self, service: str, path: str, **params: Any) -> dict[str, Any]: ...
        def _call(self, method: str, service: str, path: str, **arguments: Any) -> dict[str, Any]: ...
        def _answer(self, method: str, service: str, path: str, **arguments: Any) -> requests.Response: ...

    def signing(self, draft_id: str) -> dict[str, Any]:
        """The newest round of a draft; before the first, whom it would go to."""
        return self._get("intake", f"/drafts/{draft_id}/signing")

    def send_round(self, draft_id: str, phones: Mapping[str, str], seen: int) -> dict[str, Any]:
        """``phones`` by the person's place in the list."""
        body, headers = {"phones": dict(phones)}, {"If-Match": f'"{seen}"'}
        return self._call("POST", "intake", f"/drafts/{draft_id}/signing", json=body, headers=headers)

    def take_round_back(self, draft_id: str) -> None:
        self._call("DELETE", "intake", f"/drafts/{draft_id}/signing")

    def invite_signer_again(self, draft_id: str, signer_id: str) -> None:
        self._call("POST", "intake", f"/drafts/{draft_id}/signing/{signer_id}/again", json={})

    def to_sign(self, token: str) -> dict[str, Any]:
        return self._get("intake", f"/invitations/{token}")

    def sign_invited(self, token: str) -> dict[str, Any]:
        return self._call("POST", "intake", f"/invitations/{token}/sign", json={})

    def object_to(self, token: str, reason: str) -> dict[str, Any]:
        return self._call("POST", "intake", f"/invitations/{token}/object", json={"reason": reason})

    def file_to_sign(self, token: str, material_id: str) -> requests.Response:
        """The file itself, with the headers it is to be sent with."""
        return self._answer("GET", "intake", f"/invitations/{token}/files/{material_id}")

    def signatures(self, no: str) -> list[dict[str, Any]]:
        """Who signed an application before it was filed."""
        found: list[dict[str, Any]] = self._get("intake", f"/applications/{no}/signatures")["items"]
        return found
