"""A made-up city's events: applications filed, worked on, late, supervised, decided, in any mixture."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts import Event, approval, intake
from contracts.cloudevents import Envelope
from tests.unit.intake.helpers import Approval

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ITEMS = ("open-shop", "new-company", "sign")


class Filing:
    """What intake says about one application."""

    def __init__(self, number: str, item: str, at: datetime):
        self.number, self.item, self.at = number, item, at
        self.story: list[Envelope] = []
        self.say(
            intake.ApplicationSubmitted(
                application_no=number,
                procedure=item,
                version=1,
                applicant=f"acc-{number[-3:]}",
                channel="portal",
                submitted_at=at,
            )
        )
        self.become("submitted")

    def become(self, status: Any, outcome: Any = None) -> None:
        self.say(
            intake.ApplicationStatusChanged(
                application_no=self.number,
                procedure=self.item,
                applicant=f"acc-{self.number[-3:]}",
                status=status,
                outcome=outcome,
                answered=0,
                branches=2,
                changed_at=self.at + timedelta(minutes=len(self.story)),
            )
        )

    def say(self, event: Event) -> None:
        sequence = len(self.story) + 1
        self.story.append(
            Envelope(
                id=f"{self.number}/i{sequence}",
                source="intake",
                type=event.type,
                subject=self.number,
                time=self.at + timedelta(minutes=sequence),
                sequence=sequence,
                event=event,
                case=self.number,
            )
        )


def supervise(told: Approval, key: str, dice: random.Random) -> None:
    """Open 督办 on a branch and let it go as far as the dice say."""
    common: dict[str, Any] = {
        "application_no": told.number,
        "branch_no": told.branches[key].branch_no,
        "department": told.branches[key].department,
        "responsible": "acc-head",
    }
    due = told.now + timedelta(days=1)
    steps: list[Event] = [
        approval.SupervisionOpened(**common, opened_at=told.now, answer_due=due),
        approval.SupervisionUnanswered(**common, answer_due=due),
        approval.SupervisionAnswered(**common, answered_at=told.now, in_time=False),
        approval.SupervisionClosed(**common, closed_at=told.now, reason="accepted"),
    ]
    for event in steps[: dice.randint(1, 4)]:
        told.say(event)


def story(number: str, dice: random.Random) -> list[Envelope]:
    """Everything that is said about one application."""
    filing = Filing(number, dice.choice(ITEMS), START + timedelta(hours=dice.randint(0, 90)))
    if dice.random() < 0.15:
        filing.become(dice.choice(["returned", "not_accepted", "withdrawn"]))
        return filing.story
    filing.become("in_approval")
    keys = dice.choice([["food"], ["food", "fire"], ["food", "fire", "seal"]])
    told = Approval(keys, number, filing.at + timedelta(hours=1))
    told.open_case()
    for key in keys:
        due = told.now + timedelta(minutes=dice.randint(1, 12))
        told.branch(
            approval.BranchOpened,
            key,
            status="open",
            opened_at=told.now,
            promised_due=due,
            statutory_due=due + timedelta(minutes=5),
        )
        told.branch(approval.BranchClaimed, key, status="claimed", handler="acc-9")
        if dice.random() < 0.3:
            told.branch(approval.BranchOverdue, key, overdue=True)
            supervise(told, key, dice)
        if dice.random() < 0.2:
            told.suspend(key, 1)
            told.branch(approval.BranchResumed, key, status="claimed", correction_request=None)
        if dice.random() < 0.2:
            return filing.story + told.story
        if dice.random() < 0.1:
            told.branch(
                approval.BranchSilent, key, status="silent", answered_at=told.now, source_of_rule="rule 3"
            )
        else:
            told.answer(key)
    outcome = dice.choice(["granted", "refused"])
    told.decide(outcome)
    filing.become("closed", outcome)
    return filing.story + told.story


def history(dice: random.Random, applications: int = 25) -> list[Envelope]:
    """The stories of many applications, one after the other."""
    return [e for n in range(applications) for e in story(f"SJ20260302{n:06d}X", dice)]
