"""Applications in flight on a platform that keeps being killed: everybody tries again until it works."""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any

import requests

from demo.client import Client, Refused
from tests.faults.harness import until

PROCEDURE = "street-canopy"
AGREED = {"answer": "agree", "opinion": "同意"}
DEPARTMENTS = ("cg", "zj", "ga")
FILERS = 8
LOOK_EVERY_S = 0.1
Trouble = (requests.RequestException, json.JSONDecodeError)


class Flight:
    """Files ``count`` applications, each by one key however often it takes, and has three departments'
    systems answer whatever is open."""

    def __init__(self, urls: Mapping[str, str], count: int):
        self._urls = urls
        self._count = count
        self._name = secrets.token_hex(4)
        self._over = threading.Event()
        self._keys = iter(range(count))
        self._lock = threading.Lock()
        self.numbers: dict[int, str] = {}
        threads = [threading.Thread(target=self._file, daemon=True) for _ in range(FILERS)]
        threads += [threading.Thread(target=self._answer, args=(d,), daemon=True) for d in DEPARTMENTS]
        self._threads = threads

    def __enter__(self) -> Flight:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    @property
    def all_filed(self) -> bool:
        return len(self.numbers) == self._count

    def land(self, closed: Callable[[], int], deadline: float) -> None:
        """Wait until all are filed and closed."""
        until(lambda: self.all_filed, deadline, "all applications are filed")
        until(lambda: closed() >= self._count, deadline, "all applications are decided and closed")

    def _file(self) -> None:
        client = Client(self._urls, "yunfan")
        while True:
            with self._lock:
                key = next(self._keys, None)
            if key is None:
                return
            filed = self._again(lambda key=key: client.file(PROCEDURE, key=f"{self._name}-{key}"))
            if filed is not None:
                self.numbers[key] = filed["application_no"]

    def _answer(self, department: str) -> None:
        system = Client(self._urls, f"dept-{department}")
        while not self._over.wait(LOOK_EVERY_S):
            inbox = self._again(lambda: system.get("approval", "/inbox", status="open"))
            for branch in (inbox or {"items": []})["items"]:
                number = branch["branch_no"]
                with contextlib.suppress(Refused):
                    self._again(
                        lambda number=number: system.post(
                            "approval", f"/branches/{number}/answer", AGREED, key=f"answer-{number}"
                        )
                    )

    def _again(self, call: Callable[[], Any]) -> Any:
        """Call until it is answered; 5xx and 401 (keys not known yet after a start) are tried again."""
        while not self._over.is_set():
            try:
                return call()
            except Refused as refused:
                if refused.status < 500 and refused.status not in (401, 429):
                    raise
            except Trouble:
                pass
            self._over.wait(LOOK_EVERY_S)
        return None
