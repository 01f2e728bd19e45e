"""Small procedures, cases under them, and a calendar of one year."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chassis.workdays import SHANGHAI, WorkCalendar, YearDays
from contracts import Event
from contracts.approval import Answer, BranchEvent
from contracts.intake import ApplicationAccepted
from contracts.procedure import BranchSpec, Join, Limit, Procedure, Text
from services.approval.domain import Branch, Case

NUMBER = "SJ20261124000123K"
APPLICANT = "acc-1"
OFFICER, COLLEAGUE = "acc-lu", "acc-qian"
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # Tuesday, ten o'clock in Shanghai
LATER = NOW + timedelta(hours=1)
RULE = "并联审批办法（样例）第十二条"
YEAR = YearDays(
    holidays=[date(2026, 10, d) for d in (1, 2, 5, 6, 7)],
    extra_workdays=[date(2026, 9, 20), date(2026, 10, 10)],
)
CALENDAR = WorkCalendar({2026: YEAR})


def at(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    """A moment of 2026 in Shanghai."""
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


def both(text: str) -> Text:
    return Text(zh=text, en=text)


def spec(key: str, department: str, **changes: Any) -> BranchSpec:
    """A deciding branch of 20 working days by law, 5 promised."""
    values: dict[str, Any] = {
        "key": key,
        "item": f"{key}-item",
        "title": both(key),
        "department": department,
        "kind": "decide",
        "statutory": Limit(value=20, unit="working_days"),
        "promised": Limit(value=5, unit="working_days"),
    }
    return BranchSpec(**(values | changes))


def record(key: str, department: str, **changes: Any) -> BranchSpec:
    """A record with a promise only."""
    half_a_day = Limit(value=0.5, unit="working_days")
    return spec(key, department, **({"kind": "record", "statutory": None, "promised": half_a_day} | changes))


def consult(key: str, department: str, **changes: Any) -> BranchSpec:
    """Asked for an opinion; three working days of silence are an agreement."""
    silence = {"on_timeout": "deemed_agreed", "timeout_source": RULE}
    limit = {"statutory": None, "promised": Limit(value=3, unit="working_days")}
    return spec(key, department, **({"kind": "consult"} | silence | limit | changes))


def procedure(code: str, branches: Iterable[BranchSpec], join: Join, version: int = 1) -> Procedure:
    return Procedure(
        code=code,
        version=version,
        kind="package",
        title=both(code),
        lead_department="SJ",
        audience=("person", "firm"),
        acceptance="automatic",
        acceptance_limit=Limit(value=5, unit="working_days"),
        branches=tuple(branches),
        join=join,
        form={"type": "object", "properties": {}},
    )


def all_of(*keys: str) -> Join:
    return Join(rule="all", over=keys)


def founding(version: int = 1) -> Procedure:
    """The licence first, then three departments at once."""
    after = {"depends_on": ("licence",)}
    return procedure(
        "found-company",
        [
            spec("licence", "SJ", issues="business-licence", produces=("credit_code",)),
            record("seal", "GA", **after),
            record("tax", "SW", issues="tax-receipt", **after),
            record("social", "RS", **after),
        ],
        all_of("licence"),
        version,
    )


def restaurant() -> Procedure:
    """Three departments at once; a sign beside them may be refused alone; water is only registered."""
    return procedure(
        "open-shop",
        [
            spec("food", "SJ", issues="food-licence"),
            spec("fire", "XF"),
            spec("drains", "ZJ"),
            spec("sign", "CG"),
            record("water", "WJ", kind="register", required=False),
        ],
        all_of("food", "fire", "drains"),
    )


def advertising() -> Procedure:
    """Two are asked and may keep silent, then one decides."""
    return procedure(
        "advertise",
        [
            consult("traffic", "GA"),
            consult("planning", "GJ"),
            spec("decision", "CG", depends_on=("traffic", "planning"), issues="advert-approval"),
        ],
        all_of("decision"),
    )


def parallel(rule: str = "all", k: int | None = None, count: int = 3) -> Procedure:
    """``count`` deciding branches a, b, c … under one rule."""
    keys = "abcdefgh"[:count]
    join = Join(rule=rule, over=tuple(keys), k=k)  # type: ignore[arg-type]
    return procedure(f"parallel-{rule}-{k}", [spec(key, f"D{key.upper()}") for key in keys], join)


TWO_HANDS: dict[str, Any] = {"second_signature": True, "extension": Limit(value=10, unit="working_days")}
GUARDED = procedure(
    "guarded",
    [spec("first", "DA", **TWO_HANDS), spec("second", "DB", depends_on=("first",), **TWO_HANDS)],
    Join(rule="all", over=("second",)),
)
MIXED = procedure(
    "mixed",
    [
        spec("licence", "SJ", issues="business-licence", produces=("credit_code",)),
        consult("opinion", "GJ"),
        record("seal", "GA", depends_on=("licence",)),
        spec("shop", "CG", depends_on=("licence", "opinion"), issues="shop-permit", **TWO_HANDS),
        record("bank", "YH", depends_on=("seal",), required=False),
    ],
    Join(rule="k_of_n", over=("licence", "shop", "seal"), k=2),
)


def accepted(of: Procedure, keys: Iterable[str] | None = None, number: str = NUMBER) -> ApplicationAccepted:
    return ApplicationAccepted(
        application_no=number,
        procedure=of.code,
        version=of.version,
        applicant=APPLICANT,
        branches=tuple(keys) if keys is not None else tuple(b.key for b in of.branches),
        by="rule",
        accepted_at=NOW,
    )


def opened(of: Procedure, keys: Iterable[str] | None = None, now: datetime = NOW) -> tuple[Case, list[Event]]:
    return Case.open(accepted(of, keys), of, CALENDAR, now)


def named(case: Case, key: str) -> Branch:
    return next(b for b in case.branches if b.key == key)


def give(
    case: Case,
    key: str,
    answer: Answer = "agree",
    *,
    officer: str | None = None,
    now: datetime = LATER,
    taken_at: datetime | None = None,
    **results: str,
) -> list[Event]:
    """An answer by the department's system; the credit code comes by itself."""
    if not results and key == "licence" and answer != "refuse":
        results = {"credit_code": "91320100MA00000001"}
    return case.answer(
        named(case, key).branch_no,
        answer,
        results,
        officer=officer,
        taken_at=taken_at or now,
        calendar=CALENDAR,
        now=now,
    )


def brief(events: Iterable[Event]) -> list[str]:
    """Events by name, with the branch they are about."""
    found = []
    for event in events:
        name = type(event).__name__
        found.append(f"{name} {event.branch.key}" if isinstance(event, BranchEvent) else name)
    return found


def statuses(case: Case) -> dict[str, str]:
    return {b.key: b.status for b in case.branches}


def snapshot(case: Case) -> dict[str, Any]:
    """A case's whole state as plain values."""
    plain = {k: v for k, v in vars(case).items() if not k.startswith("_")}
    plain["branches"] = [
        {k: v for k, v in vars(b).items() if not k.startswith("_")}
        | {"pauses": [dataclasses.astuple(p) for p in b.pauses]}
        for b in case.branches
    ]
    return plain
