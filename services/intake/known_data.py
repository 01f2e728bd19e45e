"""What identity knows of an applicant, asked in the applicant's own name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
import structlog

from chassis.auth import ACTING_FOR

TIMEOUT = (1.0, 3.0)  # seconds to connect, to answer

log = structlog.get_logger("intake")


class Identity:
    """Identity over HTTP; ``url`` is its base address, empty where there is none."""

    def __init__(self, url: str):
        self._url = url.rstrip("/")
        self.http = requests.Session()
        self.http.trust_env = False

    def about(self, authorization: str, purpose: str, acting_for: str = "") -> Mapping[str, Any] | None:
        """The caller's own data, or those of the firm acted for. None when identity doesn't answer: people
        then fill in by hand."""
        if not self._url:
            return None
        try:
            answer = self.http.get(
                f"{self._url}/api/identity/me/data",
                params={"purpose": purpose},
                headers={"Authorization": authorization} | ({ACTING_FOR: acting_for} if acting_for else {}),
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            answer.raise_for_status()
            found: Mapping[str, Any] = answer.json()
        except (requests.RequestException, ValueError) as error:
            log.warning("filled in without identity", error=repr(error))
            return None
        return found
