"""What identity knows of an applicant: for a form, and certificates in place of materials. Asked in the
applicant's own name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
import structlog

from chassis.auth import ACTING_FOR

TIMEOUT = (1.0, 3.0)  # seconds to connect, to answer
PASSED_ON = ("authorization", ACTING_FOR.lower())

log = structlog.get_logger("intake")


class Identity:
    """Identity over HTTP; ``url`` is its base address, empty where there is none."""

    def __init__(self, url: str):
        self._url = url.rstrip("/")
        self.http = requests.Session()
        self.http.trust_env = False

    def known(self, headers: Mapping[str, str], asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What is known for a form (``items``, ``certificates``). None when identity doesn't answer: people
        then fill in by hand."""
        return self._post("/known", headers, asked)

    def agree(self, headers: Mapping[str, str], consents: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Record consents; the certificates that may be used now (``items``). None without an answer."""
        return self._post("/known/consents", headers, consents)

    def self_among(self, headers: Mapping[str, str], numbers: list[str]) -> Mapping[str, Any] | None:
        """Which of these ID numbers is the caller's own (``place``, or None) and the real-name ``level``.
        None without an answer."""
        return self._post("/known/self", headers, {"id_numbers": numbers})

    def _post(
        self, path: str, headers: Mapping[str, str], body: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        if not self._url:
            return None
        try:
            answer = self.http.post(
                f"{self._url}/api/identity{path}",
                json=body,
                headers={name: value for name, value in headers.items() if name.lower() in PASSED_ON},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            answer.raise_for_status()
            found: Mapping[str, Any] = answer.json()
        except (requests.RequestException, ValueError) as error:
            log.warning("without identity", path=path, error=repr(error))
            return None
        return found
