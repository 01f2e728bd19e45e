"""Supervision 督办: past the limit by law a named person answers in writing, against a clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from contracts.approval import (
    SupervisionAnswered,
    SupervisionClosed,
    SupervisionOpened,
    SupervisionUnanswered,
)
from services.approval.domain.branch import Branch
from services.approval.domain.errors import IllegalMove

ClosedBecause = Literal["accepted", "dates_moved"]


@dataclass(kw_only=True, eq=False)
class Supervision:
    """One record of a branch's; ``responsible`` is who must answer until ``answer_due``."""

    branch_no: str
    number: int
    application_no: str
    department: str
    responsible: str | None
    opened_at: datetime
    answer_due: datetime
    answer: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    closed_because: str | None = None

    @classmethod
    def open(
        cls, branch: Branch, number: int, responsible: str | None, answer_due: datetime, now: datetime
    ) -> tuple[Self, SupervisionOpened]:
        """Whoever holds the branch is responsible; of one nobody holds, whoever is named."""
        found = cls(
            branch_no=branch.branch_no,
            number=number,
            application_no=branch.application_no,
            department=branch.department,
            responsible=branch.handler or responsible,
            opened_at=now,
            answer_due=answer_due,
        )
        return found, SupervisionOpened(**found._named, opened_at=now, answer_due=answer_due)

    @property
    def state(self) -> Literal["open", "answered", "closed"]:
        if self.closed_at is not None:
            return "closed"
        return "open" if self.answered_at is None else "answered"

    def give_answer(self, words: str, author: str, now: datetime) -> SupervisionAnswered:
        """The written answer, once. Raises `IllegalMove`."""
        self._demand("answer", "open")
        self.answer, self.answered_by, self.answered_at = words, author, now
        return SupervisionAnswered(**self._named, answered_at=now, in_time=now <= self.answer_due)

    def close(self, account: str | None, because: ClosedBecause, now: datetime) -> SupervisionClosed:
        """The supervisor takes the answer; or the dates have moved and nothing was late."""
        self._demand("close", *(("answered",) if because == "accepted" else ("open", "answered")))
        self.closed_at, self.closed_by, self.closed_because = now, account, because
        return SupervisionClosed(**self._named, closed_at=now, reason=because)

    def remind(self, now: datetime) -> SupervisionUnanswered | None:
        """Say that the date has passed without an answer, if so."""
        if self.state != "open" or self.answer_due > now:
            return None
        return SupervisionUnanswered(**self._named, answer_due=self.answer_due)

    @property
    def _named(self) -> dict[str, Any]:
        return {
            "application_no": self.application_no,
            "branch_no": self.branch_no,
            "department": self.department,
            "responsible": self.responsible,
        }

    def _demand(self, move: str, *states: str) -> None:
        if self.state not in states:
            raise IllegalMove(self.state, move, self.responsible)
