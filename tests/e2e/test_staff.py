"""Sessions and the tree of staff across services, in both modes."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

import requests

from demo.client import PASSWORD
from tests.e2e.city import City, until

WITHIN_S = 5.0


def signed_in(city: City, login: str) -> dict[str, str]:
    body = {"login": login, "password": PASSWORD}
    answer = requests.post(f"{city.urls['identity']}/api/identity/tokens", json=body, timeout=10)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


class Stream(threading.Thread):
    """A page that is open: notes when it was told that its reader is signed out."""

    def __init__(self, address: str, headers: dict[str, str]):
        super().__init__(daemon=True)
        self._answer = requests.get(address, headers=headers, stream=True, timeout=(5, 60))
        assert self._answer.status_code == 200
        self.told_at: float | None = None
        self.start()

    def run(self) -> None:
        with suppress(requests.RequestException):  # the platform ends before its open pages
            for line in self._answer.iter_lines(chunk_size=1):
                if line == b"event: signed-out":
                    self.told_at = time.monotonic()


def test_a_device_that_is_signed_out_is_out_everywhere_within_five_seconds(city: City) -> None:
    here, there = signed_in(city, "leader"), signed_in(city, "leader")
    figures = f"{city.urls['dashboard']}/api/dashboard/stream"
    gone, goes_on = Stream(figures, there), Stream(figures, here)
    mine = f"{city.urls['identity']}/api/identity/me/sessions"

    def mine_with(headers: dict[str, str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = requests.get(mine, headers=headers, timeout=10).json()["items"]
        return found

    (session,) = (s["session_id"] for s in mine_with(there) if s["is_this_one"])
    started = time.monotonic()
    assert requests.delete(f"{mine}/{session}", headers=here, timeout=10).status_code == 204
    messages = f"{city.urls['notification']}/api/notification/messages"
    until(lambda: requests.get(messages, headers=there, timeout=10).status_code == 401, "refused")
    refused_after = time.monotonic() - started
    until(lambda: gone.told_at, "told in the open stream")
    told_after = (gone.told_at or 0.0) - started
    print(f"refused after {refused_after:.2f} s, stream ended after {told_after:.2f} s")
    assert max(refused_after, told_after) < WITHIN_S
    assert requests.get(messages, headers=here, timeout=10).status_code == 200
    assert goes_on.told_at is None


def test_identity_knows_the_tree_the_catalogue_publishes(city: City) -> None:
    admin = city.as_("admin")

    def village() -> Any:
        units = {u["code"]: u for u in admin.get("identity", "/units")["items"]}
        return {"SJ", "329982"} <= units.keys() and units.get("329982100200")

    assert until(village, "told")["depth"] == 2
    listed = admin.get("identity", "/staff", department="MZ")["items"]
    assert {s["login"] for s in listed} >= {"head-mz", "shenjufang"}
