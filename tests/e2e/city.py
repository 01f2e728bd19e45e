"""The city as its people see it: file, answer, look, all over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from demo.client import Client, Refused
from demo.departments import make_result

PATIENCE_S = 20


def until(look: Callable[[], Any], what: str) -> Any:
    """What ``look`` gives once it gives something."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline, f"not {what}"
        time.sleep(0.05)
    return found


class City:
    """Clients by login, and waiting for what must come."""

    def __init__(self, urls: Mapping[str, str]):
        self.urls = urls
        self._clients: dict[str, Client] = {}

    def as_(self, login: str) -> Client:
        if login not in self._clients:
            self._clients[login] = Client(self.urls, login)
        return self._clients[login]

    @property
    def nobody(self) -> Client:
        return Client(self.urls)

    def case(self, login: str, application_no: str) -> Mapping[str, Any]:
        state: Mapping[str, Any] = self.as_(login).get("intake", f"/applications/{application_no}")
        return state

    def wait_case(
        self, login: str, application_no: str, condition: Callable[[Mapping[str, Any]], Any], what: str
    ) -> Mapping[str, Any]:
        """The application's state once the condition holds."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            state = self.case(login, application_no)
            if condition(state):
                return state
            assert time.monotonic() < deadline, f"not {what}: {state}"
            time.sleep(0.02)

    def wait_open(self, login: str, application_no: str, *keys: str) -> Mapping[str, Mapping[str, Any]]:
        """The case's branches by key once these are open."""

        def are_open(state: Mapping[str, Any]) -> bool:
            found = branches(state)
            return all(k in found and found[k]["status"] in ("open", "claimed") for k in keys)

        return branches(self.wait_case(login, application_no, are_open, f"open: {keys}"))

    def answer(self, branch: Mapping[str, Any], answer: str = "agree", **more: Any) -> Any:
        """The department's officer claims the branch and answers."""
        officer = self.as_(f"officer-{branch['department'].lower()}")
        path = f"/branches/{branch['branch_no']}"
        self.claim(branch)
        produces = officer.get("approval", path).get("produces", [])
        body: dict[str, Any] = {"answer": answer, "opinion": "符合规定。"}
        if answer.startswith("agree"):
            body["results"] = {code: make_result(code) for code in produces}
        said = officer.post("approval", f"{path}/answer", body | more)
        if not said.get("awaiting_signature"):
            return said
        head = self.as_("xukeqin" if branch["department"] == "SJ" else f"head-{branch['department'].lower()}")
        return head.post("approval", f"{path}/signature", {"signed": True, "reason": "同意"})

    def claim(self, branch: Mapping[str, Any]) -> None:
        """Claim, once approval and intake agree that the branch is open."""
        officer = self.as_(f"officer-{branch['department'].lower()}")
        officer.post("approval", f"/branches/{branch['branch_no']}/claim")


def branches(state: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {b["key"]: b for b in state["branches"]}


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def refused(call: Callable[[], Any]) -> Refused:
    """The refusal a call must meet."""
    try:
        answer = call()
    except Refused as refusal:
        return refusal
    raise AssertionError(f"was not refused: {answer}")
