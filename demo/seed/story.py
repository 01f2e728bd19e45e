"""One case's story: moves, each at its moment, made by whoever would make them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from demo.client import sample_form
from demo.departments import make_result
from demo.seed.present import Present
from demo.seed.rehearsal import Rehearsal

Move = Callable[[], None]
Stage = Rehearsal | Present
Who = Callable[[Mapping[str, Any]], str]
TOGETHER = timedelta(minutes=45)
ACCEPTANCE = {"SJ": "qianxiaowen", "CG": "clerk-cg"}
HEADS = {"SJ": "xukeqin"}


@dataclass
class Plan:
    """All moves of all stories, to be made in the order of their moments."""

    rehearsal: Stage
    moves: list[tuple[datetime, int, Story, Move]] = field(default_factory=list)
    produced: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """What a procedure's branch produces, known once one of them was looked at."""

    def at(self, moment: datetime, story: Story, move: Move) -> None:
        self.moves.append((moment, len(self.moves), story, move))

    def play(self, heard: Callable[[int, int, datetime], Any]) -> None:
        """Go through time. ``heard`` is told how many moves are made, of how many, and when it is."""
        made = 0
        for group in self._groups():
            self.rehearsal.make(group)
            made += len(group)
            heard(made, len(self.moves), group[-1][0])
        self.rehearsal.go_to(self.rehearsal.today)

    def _groups(self) -> Iterator[list[tuple[datetime, Move]]]:
        """Moves of different stories within `TOGETHER` of each other: what they lead to comes in batches."""
        group: list[tuple[datetime, Move]] = []
        told: set[Story] = set()
        for moment, _, story, move in sorted(self.moves, key=lambda m: m[:2]):
            if group and (story in told or moment - group[0][0] > TOGETHER):
                yield group
                group, told = [], set()
            group.append((moment, move))
            told.add(story)
        if group:
            yield group


class Story:
    """An application of ``login``'s. Each method puts one move into the plan and returns the story."""

    def __init__(self, plan: Plan, login: str, procedure: str, changes: Mapping[str, Any] | None = None):
        self._plan, self.login, self.procedure = plan, login, procedure
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
        """Claim the branch if need be, and answer."""

        def move() -> None:
            branch = self._branch(key)
            office = self._plan.rehearsal.client(by or _officer(branch))
            path = f"/branches/{branch['branch_no']}"
            if branch["status"] == "open":
                office.post("approval", f"{path}/claim")
            results = {}
            if answer.startswith("agree"):
                kind = self.procedure, key
                if kind not in self._plan.produced:
                    self._plan.produced[kind] = office.get("approval", path).get("produces", [])
                results = {code: make_result(code) for code in self._plan.produced[kind]}
            office.post("approval", f"{path}/answer", {"answer": answer, "results": results, **words})

        return self._do(moment, move)

    def sign(self, moment: datetime, key: str, reason: str) -> Story:
        """The head's signature under a refusal, which takes effect by it."""
        return self._office(moment, key, _head, "signature", {"signed": True, "reason": reason})

    def ask_for_days(self, moment: datetime, key: str, days: int, reason: str) -> Story:
        return self._office(moment, key, None, "extension", {"days": days, "reason": reason})

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
        return self._plan.rehearsal.client(self.login)

    @property
    def _path(self) -> str:
        return f"/applications/{self.number}"

    def _branch(self, key: str) -> dict[str, Any]:
        return next(b for b in self.look()["branches"] if b["key"] == key)

    def _desk(self, moment: datetime, department: str, what: str, body: dict[str, Any]) -> Story:
        clerk = self._plan.rehearsal.client(ACCEPTANCE[department])
        return self._do(moment, lambda: clerk.post("intake", f"{self._path}/{what}", body))

    def take(self, moment: datetime, by: str) -> Story:
        """Claim the only branch of a case that was accepted at once."""
        path = "/branches/{}-01/claim"
        office = self._plan.rehearsal.client(by)
        return self._do(moment, lambda: office.post("approval", path.format(self.number)))

    def _office(
        self, moment: datetime, key: str, by: str | Who | None, what: str, body: dict[str, Any]
    ) -> Story:
        def move() -> None:
            branch = self._branch(key)
            if what == "claim" and branch["status"] != "open":
                return
            login = by if isinstance(by, str) else (by or _officer)(branch)
            office = self._plan.rehearsal.client(login)
            office.post("approval", f"/branches/{branch['branch_no']}/{what}", body)

        return self._do(moment, move)

    def _do(self, moment: datetime, move: Callable[[], Any]) -> Story:
        self._plan.at(moment, self, move)
        return self


def _officer(branch: Mapping[str, Any]) -> str:
    return f"officer-{branch['department'].lower()}"


def _head(branch: Mapping[str, Any]) -> str:
    return HEADS.get(branch["department"], f"head-{branch['department'].lower()}")
