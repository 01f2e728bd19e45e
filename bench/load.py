"""Filing applications over HTTP: as many as possible at once, or at a fixed rate."""

from __future__ import annotations

import http.client
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from demo.client import Client, sample_form

PROCEDURE = "street-canopy"
CONNECTIONS = 16


class Load:
    """Files ``total`` applications over ``CONNECTIONS`` connections; ``rate`` per second or unlimited."""

    def __init__(self, urls: Mapping[str, str], total: int, rate: float | None):
        self._address = urlsplit(urls["intake"])
        self._token = Client(urls, "yunfan").sign_in().token
        self._body = json.dumps({"procedure": PROCEDURE, "form": sample_form(PROCEDURE)})
        self._total, self._rate = total, rate
        self._next = 0
        self._lock = threading.Lock()
        self.filed: dict[str, float] = {}
        self.answered_ms: list[float] = []
        self.refused: list[int] = []
        self.started = 0.0

    def run(self, progress: Callable[[int], None]) -> None:
        self.started = time.monotonic()
        threads = [threading.Thread(target=self._file, daemon=True) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            threads[0].join(0.2)
            progress(len(self.filed))
            for thread in threads:
                thread.join(0)
            time.sleep(0.1)

    def _take(self) -> int | None:
        with self._lock:
            if self._next >= self._total:
                return None
            self._next += 1
            return self._next - 1

    def _file(self) -> None:
        connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=30)
        while (number := self._take()) is not None:
            if self._rate is not None:
                time.sleep(max(0.0, self.started + number / self._rate - time.monotonic()))
            self._one(connection)
        connection.close()

    def _one(self, connection: http.client.HTTPConnection) -> None:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(16),
        }
        started = time.time()
        connection.request("POST", "/api/intake/applications", self._body, headers)
        response = connection.getresponse()
        body: dict[str, Any] = json.loads(response.read())
        if response.status == 201:
            self.filed[body["application_no"]] = started
            self.answered_ms.append((time.time() - started) * 1000)
        else:
            self.refused.append(response.status)
