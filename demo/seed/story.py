"""One case's story: moves, each at its moment, made by whoever would make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from demo.client import sample_form
from demo.departments import make_result
from demo.seed.rehearsal import Rehearsal

Move = Callable[[], None]
ACCEPTANCE = {"SJ": "qianxiaowen", "CG": "clerk-cg"}


@dataclass
class Plan:
    """All moves of all stories, to be made in the order of their moments."""

    rehearsal: Rehearsal
    moves: list[tuple[datetime, int, Move]] = field(default_factory=list)

    def at(self, moment: datetime, move: Move) -> None:
        self.moves.append((moment, len(self.moves), move))

    def play(self, heard: Callable[[str], Any]) -> None:
        """Go through time. ``heard`` is told the day whenever a new one begins."""
        last = None
        for moment, _, move in sorted(self.moves, key=lambda m: m[:2]):
            self.rehearsal.go_to(moment)
            if moment.date() != last:
                last = moment.date()
                heard(f"{last}")
            move()
            self.rehearsal.settle()
        self.rehearsal.go_to(self.rehearsal.today)


class Story:
    """An application of ``login``'s. Each method puts one move into the plan and returns the story."""

    def __init__(self, plan: Plan, login: str, procedure: str, changes: Mapping[str, Any] | None = None):
        self._plan, self._login, self.procedure = plan, login, procedure
        self._form = sample_form(procedure) | dict(changes or {})
        self.number = ""

    def file(self, moment: datetime) -> Story:
        def move() -> None:
            answer = self._me.file(self.procedure, self._form)
            self.number = answer["application_no"]

        return self._do(moment, move)

    def accept(self, moment: datetime, department: str = "SJ") -> Story:
        return self._desk(moment, department, "accept", {})

    def send_back(self, moment: datetime, fields: Mapping[str, str], department: str = "SJ") -> Story:
        reasons = [{"field": name, "reason": reason} for name, reason in fields.items()]
        return self._desk(moment, department, "return", {"reasons": reasons})

    def turn_away(self, moment: datetime, ground: str, reason: str, department: str = "SJ") -> Story:
        return self._desk(moment, department, "refuse", {"ground": ground, "reason": reason})

    def resubmit(self, moment: datetime, changes: Mapping[str, Any]) -> Story:
        body = {"form": self._form | dict(changes)}
        return self._do(moment, lambda: self._me.post("intake", f"{self._path}/resubmit", body))

    def withdraw(self, moment: datetime) -> Story:
        return self._do(moment, lambda: self._me.post("intake", f"{self._path}/withdraw"))

    def claim(self, moment: datetime, key: str, by: str | None = None) -> Story:
        return self._office(moment, key, by, "claim", {})

    def answer(
        self, moment: datetime, key: str, answer: str = "agree", by: str | None = None, **words: Any
    ) -> Story:
        """Claim the branch if need be, then answer."""
        self.claim(moment, key, by)

        def move() -> None:
            branch = self._branch(key)
            office = self._plan.rehearsal.client(by or _officer(branch))
            path = f"/branches/{branch['branch_no']}"
            produced = office.get("approval", path).get("produces", [])
            results = {code: make_result(code) for code in produced} if answer.startswith("agree") else {}
            office.post("approval", f"{path}/answer", {"answer": answer, "results": results, **words})

        return self._do(moment, move)

    def suspend(self, moment: datetime, key: str, ground: str, reason: str, by: str | None = None) -> Story:
        return self._office(moment, key, by, "suspend", {"ground": ground, "reason": reason})

    def correct(self, moment: datetime, key: str, changes: Mapping[str, Any], note: str) -> Story:
        def move() -> None:
            body = {"branch_no": self._branch(key)["branch_no"], "changes": dict(changes), "note": note}
            self._me.post("intake", f"{self._path}/corrections", body)

        return self._do(moment, move)

    def look(self) -> dict[str, Any]:
        """The application as it stands."""
        found: dict[str, Any] = self._me.get("intake", self._path)
        return found

    @property
    def _me(self) -> Any:
        return self._plan.rehearsal.client(self._login)

    @property
    def _path(self) -> str:
        return f"/applications/{self.number}"

    def _branch(self, key: str) -> dict[str, Any]:
        return next(b for b in self.look()["branches"] if b["key"] == key)

    def _desk(self, moment: datetime, department: str, what: str, body: dict[str, Any]) -> Story:
        clerk = self._plan.rehearsal.client(ACCEPTANCE[department])
        return self._do(moment, lambda: clerk.post("intake", f"{self._path}/{what}", body))

    def _office(self, moment: datetime, key: str, by: str | None, what: str, body: dict[str, Any]) -> Story:
        def move() -> None:
            branch = self._branch(key)
            if what == "claim" and branch["status"] != "open":
                return
            office = self._plan.rehearsal.client(by or _officer(branch))
            office.post("approval", f"/branches/{branch['branch_no']}/{what}", body)

        return self._do(moment, move)

    def _do(self, moment: datetime, move: Callable[[], Any]) -> Story:
        self._plan.at(moment, move)
        return self


def _officer(branch: Mapping[str, Any]) -> str:
    return f"officer-{branch['department'].lower()}"
