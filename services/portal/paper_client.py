"""Calls to intake about drafts and materials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import requests


class File(NamedTuple):
    """A file as a visitor's browser sent it."""

    name: str
    content: bytes
    media_type: str


class PaperCalls:
    """Mixed into the city's client, in the visitor's name."""

    if TYPE_CHECKING:

        def _get(self, service: str, path: str, **params: Any) -> dict[str, Any]: ...
        def _call(self, method: str, service: str, path: str, **arguments: Any) -> dict[str, Any]: ...
        def _answer(self, method: str, service: str, path: str, **arguments: Any) -> requests.Response: ...

    def begin_draft(self, procedure: str, prefill: bool, guide: Mapping[str, Any]) -> dict[str, Any]:
        """``guide``: form answers that the guided finding has brought."""
        body = {"procedure": procedure, "prefill": prefill, "guide": guide}
        return self._call("POST", "intake", "/drafts", json=body)

    def drafts(self) -> list[dict[str, Any]]:
        """Unfinished ones, the one saved last first."""
        found: list[dict[str, Any]] = self._get("intake", "/drafts")["items"]
        return found

    def draft(self, draft_id: str) -> dict[str, Any]:
        return self._get("intake", f"/drafts/{draft_id}")

    def save_draft(self, draft_id: str, answers: dict[str, Any], seen: int) -> dict[str, Any]:
        return self._call(
            "PATCH", "intake", f"/drafts/{draft_id}", json={"answers": answers}, headers=_seen(seen)
        )

    def discard_draft(self, draft_id: str) -> None:
        self._call("DELETE", "intake", f"/drafts/{draft_id}")

    def submit_draft(self, draft_id: str, seen: int) -> dict[str, Any]:
        return self._call("POST", "intake", f"/drafts/{draft_id}/submit", json={}, headers=_seen(seen))

    def receipt(self, no: str) -> dict[str, Any]:
        return self._get("intake", f"/applications/{no}/receipt")

    def materials(self, no: str) -> list[dict[str, Any]]:
        """An application's slots, as far as the visitor may see them."""
        found: list[dict[str, Any]] = self._get("intake", f"/applications/{no}/materials")["items"]
        return found

    def upload(self, holder: str, code: str, file: File) -> dict[str, Any]:
        """``holder`` is ``drafts/<id>`` or ``applications/<no>``."""
        return self._call("POST", "intake", f"/{holder}/materials/{code}", files={"file": tuple(file)})

    def take_out(self, holder: str, code: str) -> None:
        self._call("DELETE", "intake", f"/{holder}/materials/{code}")

    def material(self, material_id: str) -> requests.Response:
        """The file itself, with the headers it is to be sent with."""
        return self._answer("GET", "intake", f"/materials/{material_id}")


def _seen(revision: int) -> dict[str, str]:
    return {"If-Match": f'"{revision}"'}
