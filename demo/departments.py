"""Departments that answer by themselves: one thread each, over HTTP, as an officer would."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from typing import Any

from stdnum.cn import uscc

from demo.client import Client, Refused

LOOK_EVERY_S = 0.05


class Department(threading.Thread):
    """Takes whatever stands in the department's inbox, claims it and agrees after a short thought."""

    def __init__(self, urls: Mapping[str, str], code: str, think: Callable[[], float]):
        super().__init__(name=f"department {code}", daemon=True)
        self._client = Client(urls, f"officer-{code.lower()}")
        self._think = think
        self._over = threading.Event()
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            while not self._over.wait(LOOK_EVERY_S):
                for branch in self._client.get("approval", "/inbox", status="open")["items"]:
                    self._handle(branch)
        except Exception as error:
            self.failure = error

    def stop(self) -> None:
        self._over.set()
        self.join(10)

    def _handle(self, branch: Mapping[str, Any]) -> None:
        path = f"/branches/{branch['branch_no']}"
        try:
            self._client.post("approval", f"{path}/claim")
        except Refused as refused:
            if refused.status == 409:
                return
            raise
        if self._over.wait(self._think()):
            return
        detail = self._client.get("approval", path)
        answer = {
            "answer": "agree",
            "opinion": "材料齐全,符合规定。",
            "results": {code: make_result(code) for code in detail.get("produces", [])},
        }
        self._client.post("approval", f"{path}/answer", answer)


def make_result(code: str) -> str:
    """A value for a result code; a unified social credit code gets its right check character."""
    if code == "credit_code":
        body = "91329982MA9A" + "".join(random.choices("0123456789", k=5))
        return body + uscc.calc_check_digit(body)
    return f"{code.upper()}-{random.randrange(10**6):06d}"
