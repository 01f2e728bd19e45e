"""What the portal asks of the catalogue beside items and packages: search, guides, policies, forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class CatalogCalls:
    """A part of `services.portal.clients.City`."""

    _get: Callable[..., dict[str, Any]]
    _post: Callable[..., dict[str, Any]]
    _bytes: Callable[..., bytes]

    def search(self, **asked: Any) -> dict[str, Any]:
        """``q``, ``audience``, ``theme``, ``department``, ``scenario``, ``kind``, ``page``, ``limit``."""
        return self._get("catalog", "/search", **asked)

    def missed(self, query: str) -> None:
        self._post("catalog", "/search/misses", {"q": query})

    def front(self) -> dict[str, Any]:
        """What a start page shows of the catalogue: most used, life events, news."""
        return self._get("catalog", "/front")

    def guides(self) -> list[str]:
        """Codes of what has a guided finding."""
        return [g["code"] for g in self._get("catalog", "/guide")["items"]]

    def guide(self, code: str, answers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What an item means for somebody who answers its questions so."""
        given = ",".join(f"{key}:{value}" for key, value in sorted((answers or {}).items()))
        return self._get("catalog", f"/guide/{code}", answers=given or None)

    def policies(self, item: str | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("catalog", "/policies", item=item)["items"]
        return found

    def policy(self, code: str) -> dict[str, Any]:
        return self._get("catalog", f"/policies/{code}")

    def form_file(self, code: str, which: str, lang: str) -> bytes:
        """A blank or filled sample form as .docx."""
        return self._bytes("catalog", f"/items/{code}/forms/{which}", lang=lang)
