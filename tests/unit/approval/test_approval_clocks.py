"""Two clocks: what they count, what stops them, how a date comes about."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.workdays import SHANGHAI
from contracts.procedure import Limit
from services.approval.domain import Branch, Case, light
from services.approval.domain.lights import Light
from services.approval.words import due_explained
from tests.unit.approval.helpers import (
    CALENDAR,
    advertising,
    all_of,
    at,
    founding,
    give,
    named,
    opened,
    procedure,
    spec,
)


def one(now: datetime, **changes: object) -> tuple[Case, Branch]:
    case, _ = opened(procedure("p", [spec("a", "DA", **changes)], all_of("a")), now=now)
    return case, named(case, "a")


def test_both_clocks_count_working_days_across_the_national_holiday() -> None:
    _, branch = one(at(9, 29))  # Tuesday before 国庆; Saturday the 10th is worked
    assert branch.promised_due == at(10, 12, 17)
    assert branch.statutory_due == at(11, 2, 17)


def test_on_the_spot_is_the_day_itself() -> None:
    _, branch = one(at(9, 29), promised=Limit(value=1, unit="on_the_spot"))
    assert branch.promised_due == at(9, 29, 17)


def test_filed_in_the_holiday_the_clocks_start_when_the_office_opens() -> None:
    _, branch = one(at(10, 3), statutory=None)
    assert branch.promised_due == at(10, 14, 17)
    assert branch.due_by_law == branch.promised_due


def test_the_clock_of_a_dependent_branch_starts_when_it_opens() -> None:
    case, _ = opened(founding(), now=at(9, 29))
    give(case, "licence", now=at(10, 8))
    assert named(case, "seal").promised_due == at(10, 9, 13)


def test_a_correction_stops_the_promise_and_not_the_law() -> None:
    case, branch = one(at(9, 29))
    case.ask_correction(branch.branch_no, [], ["name"], None, at(9, 30))
    case.corrected(branch.branch_no, 1, CALENDAR, at(10, 9))
    assert branch.promised_due == at(10, 14, 17), "moved by the 30th and the 8th"
    assert branch.statutory_due == at(11, 2, 17)
    (pause,) = branch.pauses
    assert (pause.kind, pause.stops, pause.started_at, pause.ended_at) == (
        "correction",
        "promised",
        at(9, 30),
        at(10, 9),
    )


@pytest.mark.parametrize(
    "ground", ["hearing", "inspection", "testing", "quarantine", "appraisal", "expert_review"]
)
def test_a_ground_of_article_45_stops_both(ground: str) -> None:
    case, branch = one(at(9, 29))
    case.suspend(branch.branch_no, ground, None, at(9, 30))  # type: ignore[arg-type]
    case.resume(branch.branch_no, CALENDAR, at(10, 9))
    assert (branch.promised_due, branch.statutory_due) == (at(10, 14, 17), at(11, 4, 17))
    assert (branch.pauses[0].ground, branch.pauses[0].stops) == (ground, "both")


def test_pauses_add_up_in_the_ledger() -> None:
    case, branch = one(at(11, 23))
    case.ask_correction(branch.branch_no, [], ["name"], None, at(11, 24))
    case.corrected(branch.branch_no, 1, CALENDAR, at(11, 26))
    case.suspend(branch.branch_no, "hearing", None, at(11, 27))
    case.resume(branch.branch_no, CALENDAR, at(12, 2))
    assert [p.number for p in branch.pauses] == [1, 2]
    assert branch.promised_due == at(12, 7, 17), "five days and 2 and 3"
    assert branch.statutory_due == at(12, 24, 17), "twenty days and 3"


@given(
    start=st.datetimes(datetime(2026, 1, 5), datetime(2026, 9, 1), timezones=st.just(SHANGHAI)),
    before=st.integers(0, 20),
    stands=st.integers(0, 40),
    by_law=st.booleans(),
)
def test_a_pause_never_takes_time_away_and_moves_only_its_clocks(
    start: datetime, before: int, stands: int, by_law: bool
) -> None:
    case, branch = one(start)
    promised, statutory = branch.promised_due, branch.statutory_due
    assert promised is not None and statutory is not None
    stopped = start + timedelta(days=before)
    if by_law:
        case.suspend(branch.branch_no, "testing", None, stopped)
        case.resume(branch.branch_no, CALENDAR, stopped + timedelta(days=stands))
    else:
        case.ask_correction(branch.branch_no, [], ["name"], None, stopped)
        case.corrected(branch.branch_no, 1, CALENDAR, stopped + timedelta(days=stands))
    assert branch.promised_due is not None and branch.promised_due >= promised
    moved = CALENDAR.shift(statutory, stopped, stopped + timedelta(days=stands))
    assert branch.statutory_due == (moved if by_law else statutory)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(11, 23, 10), "green"),
        (at(11, 26, 17), "green"),
        (at(11, 27, 16), "yellow"),  # 80 % of the promise used
        (at(11, 30, 9), "yellow"),
        (at(11, 30, 17), "yellow"),
        (at(11, 30, 17, 1), "red"),
        (at(12, 21, 17), "red"),
        (at(12, 21, 17, 1), "black"),
    ],
)
def test_lights_turn_with_the_time_used(now: datetime, expected: Light) -> None:
    _, branch = one(at(11, 23))
    assert light(branch, CALENDAR, now) == expected


def test_a_short_promise_is_not_yellow_from_the_beginning() -> None:
    _, branch = one(at(11, 23), promised=Limit(value=1, unit="on_the_spot"), statutory=None)
    assert light(branch, CALENDAR, at(11, 23, 11)) == "green"
    assert light(branch, CALENDAR, at(11, 23, 16)) == "yellow"


def test_with_a_working_day_left_of_a_longer_promise_the_light_is_yellow() -> None:
    _, branch = one(at(11, 23), promised=Limit(value=2, unit="working_days"))
    assert light(branch, CALENDAR, at(11, 24, 16)) == "green"
    assert light(branch, CALENDAR, at(11, 25, 9)) == "yellow"


def test_while_a_clock_stands_still_its_light_does_too() -> None:
    case, branch = one(at(11, 23))
    case.suspend(branch.branch_no, "testing", None, at(11, 24))
    assert light(branch, CALENDAR, at(12, 31)) == "green"


def test_while_a_correction_is_waited_for_the_law_goes_on() -> None:
    case, branch = one(at(11, 23))
    case.ask_correction(branch.branch_no, [], ["name"], None, at(11, 24))
    assert light(branch, CALENDAR, at(12, 21, 16)) == "green"
    assert light(branch, CALENDAR, at(12, 22)) == "black"


def test_a_pause_that_is_over_uses_nothing_of_the_promise() -> None:
    case, branch = one(at(11, 23))
    case.suspend(branch.branch_no, "testing", None, at(11, 24))
    case.resume(branch.branch_no, CALENDAR, at(12, 8))
    assert light(branch, CALENDAR, at(12, 8, 11)) == "green"
    assert light(branch, CALENDAR, at(12, 14, 12)) == "yellow"


def test_what_waits_or_is_finished_is_green() -> None:
    case, _ = opened(founding(), now=at(11, 23))
    assert light(named(case, "seal"), CALENDAR, at(12, 31)) == "green"
    give(case, "licence", now=at(12, 30))
    assert light(named(case, "licence"), CALENDAR, at(12, 31)) == "green"


def test_dates_of_time_follow_the_clocks_that_run() -> None:
    case, branch = one(at(11, 23))
    assert case.escalation_due(branch) == branch.statutory_due
    assert case.silence_due(branch) is None
    case.ask_correction(branch.branch_no, [], ["name"], None, at(11, 24))
    assert case.escalation_due(branch) == branch.statutory_due, "the law goes on"
    case.corrected(branch.branch_no, 1, CALENDAR, at(11, 25))
    case.suspend(branch.branch_no, "hearing", None, at(11, 26))
    assert case.escalation_due(branch) is None
    case.resume(branch.branch_no, CALENDAR, at(11, 30))
    assert case.escalation_due(branch) == branch.statutory_due
    give(case, "a", now=at(11, 30))
    assert case.escalation_due(branch) is None


def test_without_a_limit_by_law_a_correction_stops_the_escalation() -> None:
    case, branch = one(at(11, 23), statutory=None)
    assert case.escalation_due(branch) == branch.promised_due
    case.ask_correction(branch.branch_no, [], ["name"], None, at(11, 24))
    assert case.escalation_due(branch) is None


def test_silence_has_the_promised_date_and_none_while_the_clock_stands() -> None:
    case, _ = opened(advertising(), now=at(11, 23))
    branch = named(case, "traffic")
    assert case.silence_due(branch) == branch.promised_due == at(11, 26, 17)
    case.ask_correction(branch.branch_no, [], ["name"], None, at(11, 24))
    assert case.silence_due(branch) is None
    case.corrected(branch.branch_no, 1, CALENDAR, at(11, 26))
    assert case.silence_due(branch) == at(11, 30, 17)
    assert case.escalation_due(branch) is None


def test_a_date_is_explained_in_both_languages() -> None:
    case, branch = one(at(9, 29))
    case.ask_correction(branch.branch_no, [], ["name"], None, at(9, 30))
    case.corrected(branch.branch_no, 1, CALENDAR, at(10, 9))
    case.suspend(branch.branch_no, "hearing", None, at(10, 10))
    assert due_explained(branch, case.spec(branch), CALENDAR) == {
        "zh": "2026-09-29 起算，当天不计；承诺 5 个工作日，最晚 2026-10-14 17:00；"
        "法定 20 个工作日，最晚 2026-11-02 17:00；"
        "2026-09-30 起因补正暂停，承诺时限顺延 2 个工作日；2026-10-10 起因听证暂停两个时限。",
        "en": "Counted from 2026-09-29, that day left out; "
        "promised within 5 working days, 2026-10-14 17:00 at the latest; "
        "by law within 20 working days, 2026-11-02 17:00 at the latest; "
        "a correction from 2026-09-30 moved the promise by 2 working days; "
        "a hearing has stopped both since 2026-10-10.",
    }


def test_a_date_in_a_year_without_its_notice_is_explained_as_provisional() -> None:
    case, branch = one(at(12, 15))
    explained = due_explained(branch, case.spec(branch), CALENDAR)
    assert explained is not None
    assert explained["zh"].endswith("；放假安排公布后日期可能调整。")
    assert explained["en"].endswith("; dates may move once the year's holidays are announced.")


def test_what_has_not_begun_has_nothing_to_explain() -> None:
    case, _ = opened(founding())
    seal = named(case, "seal")
    assert due_explained(seal, case.spec(seal), CALENDAR) is None
