"""A small procedure, applications under it, and what approval says about their cases."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from contracts import Event, approval
from contracts.approval import BranchState
from contracts.cloudevents import Envelope
from contracts.procedure import BranchSpec, Condition, Join, Limit, Procedure, Text
from services.intake.domain import Application, called_for

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # Monday, ten o'clock in Shanghai
LATER = NOW + timedelta(hours=1)
DUE = NOW + timedelta(days=7)
NUMBER = "SJ20260302000001X"
APPLICANT = "acc-1"
FORM = {"shop_name": "禾记", "area": 320, "owner_id": "329982199504183021"}


def both(text: str) -> Text:
    return Text(zh=text, en=text)


def branch(key: str, department: str, **changes: Any) -> BranchSpec:
    values: dict[str, Any] = {
        "key": key,
        "item": key,
        "title": both(key),
        "department": department,
        "kind": "decide",
        "promised": Limit(value=3, unit="working_days"),
        "fields": ("shop_name", "area"),
    }
    return BranchSpec(**(values | changes))


def procedure(
    acceptance: Literal["automatic", "desk"] = "automatic", version: int = 1, **changes: Any
) -> Procedure:
    """Food and fire safety at once (fire from 300 m² on), then a seal; a sign is optional."""
    values: dict[str, Any] = {
        "code": "open-shop",
        "version": version,
        "kind": "package",
        "title": Text(zh="开店", en="Opening a shop"),
        "lead_department": "SJ",
        "audience": ("person", "firm"),
        "acceptance": acceptance,
        "acceptance_limit": Limit(value=5, unit="working_days"),
        "branches": (
            branch("food", "SJ", produces=("licence_code",), materials=("m12",)),
            branch("fire", "XF", when=(Condition(field="area", at_least=300),)),
            branch("seal", "GA", kind="record", depends_on=("food",), fields=("shop_name",)),
            branch("sign", "CG", required=False, when=(Condition(field="has_sign", equals=True),)),
        ),
        "join": Join(rule="all", over=("food", "fire")),
        "form": {
            "type": "object",
            "additionalProperties": False,
            "required": ["shop_name", "area"],
            "x-groups": [
                {
                    "key": "shop",
                    "title": {"zh": "店", "en": "Shop"},
                    "fields": ["shop_name", "area", "has_sign"],
                },
                {"key": "owner", "title": {"zh": "人", "en": "Owner"}, "fields": ["owner_id"]},
            ],
            "properties": {
                "shop_name": _element("店名", "Shop name", type="string", minLength=2),
                "area": _element("面积", "Floor area", type="number", exclusiveMinimum=0),
                "has_sign": _element("要设置店招", "A sign is put up", type="boolean"),
                "owner_id": _element(
                    "身份证号", "ID number", type="string", pattern="^[0-9]{17}[0-9X]$", format="cn-id-number"
                ),
            },
        },
    }
    return Procedure(**(values | changes))


def _element(zh: str, en: str, **schema: Any) -> dict[str, Any]:
    return {**schema, "title": zh, "x-title": {"zh": zh, "en": en}}


def submitted(acceptance: Literal["automatic", "desk"] = "automatic") -> tuple[Application, list[Event]]:
    """Accepted at once, or waiting for the desk until `DUE`."""
    filed = procedure(acceptance)
    return Application.submit(
        application_no=NUMBER,
        procedure=filed,
        form=dict(FORM),
        called=called_for(filed, FORM),
        applicant=APPLICANT,
        channel="portal",
        now=NOW,
        due=DUE if acceptance == "desk" else None,
    )


def snapshot(application: Application) -> dict[str, Any]:
    """All there is to know about it."""
    return {f.name: getattr(application, f.name) for f in dataclasses.fields(application)}


def state_of(number: int, key: str, **changes: Any) -> BranchState:
    spec = next(b for b in procedure().branches if b.key == key)
    values: dict[str, Any] = {
        "branch_no": f"{NUMBER}-{number:02d}",
        "key": key,
        "item": key,
        "department": spec.department,
        "kind": spec.kind,
        "required": spec.required,
        "status": "waiting" if spec.depends_on else "open",
    }
    return BranchState(**(values | changes))


class Approval:
    """Speaks for approval: each call adds one event to the case's story, a minute after the last."""

    def __init__(
        self, keys: Iterable[str] = ("food", "fire", "seal"), number: str = NUMBER, start: datetime = LATER
    ):
        self.number = number
        self.start = start
        self.story: list[Envelope] = []
        self.branches = {
            key: dataclasses.replace(state_of(n, key), branch_no=f"{number}-{n:02d}")
            for n, key in enumerate(keys, 1)
        }

    @property
    def now(self) -> datetime:
        return self.start + timedelta(minutes=len(self.story))

    def open_case(self) -> None:
        self.say(
            approval.CaseOpened(
                application_no=self.number,
                procedure="open-shop",
                version=1,
                branches=tuple(self.branches.values()),
                opened_at=self.now,
            )
        )

    def branch(self, kind: type[approval.BranchEvent], key: str, **changes: Any) -> None:
        more = {name: changes.pop(name) for name in ("results", "source_of_rule") if name in changes}
        self.branches[key] = dataclasses.replace(self.branches[key], **changes)
        self.say(kind(application_no=self.number, branch=self.branches[key], **more))

    def answer(self, key: str, answer: approval.Answer = "agree", **results: str) -> None:
        self.branch(
            approval.BranchAnswered,
            key,
            status="answered",
            answer=answer,
            answered_at=self.now,
            results=results,
        )

    def suspend(self, key: str, request: int) -> None:
        self.branch(approval.BranchSuspended, key, status="suspended", correction_request=request)

    def decide(self, outcome: approval.Outcome = "granted") -> None:
        self.say(approval.CaseDecided(application_no=self.number, outcome=outcome, decided_at=self.now))

    def issue(self, key: str) -> None:
        self.say(
            approval.LicenceIssued(
                application_no=self.number,
                branch_no=self.branches[key].branch_no,
                item=key,
                licence_type=f"{key}-licence",
                licence_no=f"L-{key}",
                results={"licence_code": "C1"},
                issued_at=self.now,
            )
        )

    def close(self) -> None:
        self.say(approval.CaseClosed(application_no=self.number, closed_at=self.now))

    def terminate(self) -> None:
        self.say(
            approval.CaseTerminated(application_no=self.number, reason="withdrawn", terminated_at=self.now)
        )

    def say(self, event: Event) -> None:
        sequence = len(self.story) + 1
        self.story.append(
            Envelope(
                id=f"{self.number}/{sequence}",
                source="approval",
                type=event.type,
                subject=self.number,
                time=self.now,
                sequence=sequence,
                event=event,
                case=self.number,
            )
        )


def short_story() -> list[Envelope]:
    """One branch, from its opening to the end of the case: six events."""
    told = Approval(["food"])
    told.open_case()
    told.branch(approval.BranchClaimed, "food", status="claimed", handler="acc-9")
    told.answer("food", licence_code="C1")
    told.decide()
    told.issue("food")
    told.close()
    return told.story


def withdrawn_story() -> list[Envelope]:
    """The case ends at the applicant's wish; an answer that was on its way is still said."""
    told = Approval(["food", "fire"])
    told.open_case()
    told.branch(approval.BranchClaimed, "food", status="claimed", handler="acc-9")
    told.terminate()
    told.branch(approval.BranchDropped, "food", status="dropped")
    told.branch(approval.BranchDropped, "fire", status="dropped")
    told.answer("fire")
    return told.story


def long_story() -> list[Envelope]:
    """Claims, a correction, reassignment, a silent branch, a dependent one: all that may happen."""
    told = Approval(["food", "fire", "seal", "sign"])
    told.open_case()
    told.branch(approval.BranchOpened, "food", opened_at=told.now)
    told.branch(approval.BranchOpened, "fire", opened_at=told.now)
    told.branch(approval.BranchClaimed, "food", status="claimed", handler="acc-9")
    told.suspend("food", 1)
    told.branch(approval.BranchOpened, "fire", department="GA")
    told.branch(approval.BranchReleased, "fire", handler=None)
    told.branch(approval.BranchResumed, "food", status="claimed", correction_request=None)
    told.branch(approval.BranchOverdue, "fire", overdue=True)
    told.answer("food", licence_code="C1")
    told.branch(approval.BranchOpened, "seal", status="open", opened_at=told.now)
    told.branch(approval.BranchSilent, "sign", status="silent", source_of_rule="city rule 3")
    told.answer("fire", "agree_with_conditions")
    told.decide()
    told.issue("food")
    told.answer("seal")
    told.issue("seal")
    told.close()
    return told.story
