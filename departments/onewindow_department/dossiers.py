"""A task names its dossier and doesn't carry it: this fetches it, over HTTP."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from onewindow_department.message import Message

AT_ONCE = 100
TIMEOUT_S = 30


class NotGiven(Exception):
    """The platform's problem answer: ``status`` and what it says."""

    def __init__(self, status: int, problem: dict[str, Any]):
        super().__init__(f"{status} {problem.get('title', '')} {problem.get('detail', '')}".strip())
        self.status, self.problem = status, problem


class Dossiers:
    """``url`` is the platform's address; ``client_id`` and ``secret`` are the department's machine client's.
    Each reading is written down, and shown to the applicant."""

    def __init__(self, url: str, client_id: str, secret: str):
        self._url = url.rstrip("/")
        self._login = "Basic " + base64.b64encode(f"{quote(client_id)}:{quote(secret)}".encode()).decode()
        self._token, self._good_until = "", 0.0

    def dossier(self, task: Message | str) -> dict[str, Any]:
        """Exactly what the item declares this department needs. Raises `NotGiven`."""
        found: dict[str, Any] = self._get(f"/api/intake/dossiers/{quote(_branch(task), safe='')}")
        return found

    def dossiers(self, tasks: Iterable[Message | str]) -> dict[str, dict[str, Any]]:
        """Many at once, by branch; those that may not be read now are left out."""
        numbers = list(dict.fromkeys(map(_branch, tasks)))
        found = {}
        for start in range(0, len(numbers), AT_ONCE):
            asked = urlencode({"branches": ",".join(numbers[start : start + AT_ONCE])})
            for item in self._get(f"/api/intake/dossiers?{asked}")["items"]:
                found[item["branch_no"]] = item
        return found

    def _get(self, path: str) -> Any:
        return self._ask(Request(self._url + path, headers={"Authorization": f"Bearer {self._fresh()}"}))

    def _fresh(self) -> str:
        if time.monotonic() > self._good_until:
            body = urlencode({"grant_type": "client_credentials"}).encode()
            login = {"Authorization": self._login}
            answer = self._ask(Request(f"{self._url}/api/identity/token", body, login))
            self._token = answer["access_token"]
            self._good_until = time.monotonic() + answer["expires_in"] - 30
        return self._token

    @staticmethod
    def _ask(request: Request) -> Any:
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:
                return json.load(answer)
        except HTTPError as error:
            try:
                problem = json.load(error)
            except ValueError:
                problem = {}
            raise NotGiven(error.code, problem) from None


def _branch(task: Message | str) -> str:
    number = task if isinstance(task, str) else task.branch_no
    if number is None:
        raise ValueError("this message is about no branch")
    return number
