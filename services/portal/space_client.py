"""Calls about what is mine: certificates, consents, who read my data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

    from services.portal.paper_client import File


class SpaceCalls:
    """Mixed into the city's client, in the visitor's name."""

    if TYPE_CHECKING:

        def _get(self, service: str, path: str, **params: Any) -> dict[str, Any]: ...
        def _post(self, service: str, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]: ...
        def _call(self, method: str, service: str, path: str, **arguments: Any) -> dict[str, Any]: ...
        def _answer(self, method: str, service: str, path: str, **arguments: Any) -> requests.Response: ...

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

    # materials kept for later cases
    def kept(self) -> list[dict[str, Any]]:
        """The last kept first."""
        found: list[dict[str, Any]] = self._get("intake", "/space/materials")["items"]
        return found

    def keep(self, material_id: str) -> dict[str, Any]:
        """Keep what was uploaded to a draft or a case."""
        return self._post("intake", "/space/materials", {"material_id": material_id})

    def keep_file(self, code: str, file: File) -> dict[str, Any]:
        return self._call("POST", "intake", f"/space/materials/of-kind/{code}", files={"file": tuple(file)})

    def use_kept(self, draft_id: str, code: str, file_id: str) -> dict[str, Any]:
        path = f"/drafts/{draft_id}/materials/{code}/from-space"
        return self._post("intake", path, {"file_id": file_id})

    def drop_kept(self, file_id: str) -> None:
        self._call("DELETE", "intake", f"/space/materials/{file_id}")

    def kept_content(self, file_id: str) -> requests.Response:
        """The file itself, with the headers it is to be sent with."""
        return self._answer("GET", "intake", f"/space/materials/{file_id}")

    def material_kinds(self) -> list[dict[str, Any]]:
        """Kinds of material that are handed in."""
        found: list[dict[str, Any]] = self._get("catalog", "/materials")["items"]
        return [m for m in found if not m["held"] and not m.get("network_check")]
