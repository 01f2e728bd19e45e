"""The river line and the calendar's words."""

from __future__ import annotations

from datetime import UTC, date, datetime

from services.portal import dates
from services.portal.river import brook, flow_of, tall_curves, wide_curves
from services.portal.views import Reader, lanes, planned
from services.portal.words import Language

ZH, EN = Language("zh"), Language("en")


def branch(key: str, *depends_on: str, status: str = "open", answer: str | None = None) -> dict[str, object]:
    return {"key": key, "depends_on": list(depends_on), "status": status, "answer": answer, "kind": "decide"}


def test_branches_stand_in_stages_by_what_they_wait_for() -> None:
    found = planned([branch("d", "b", "c"), branch("a"), branch("b", "a"), branch("c", "a")])
    assert [[lane.key for lane in stage.lanes] for stage in found] == [["a"], ["b", "c"], ["d"]]


def test_a_dependency_outside_the_case_does_not_count() -> None:
    assert len(planned([branch("seal", "licence")])) == 1


def test_water_flows_through_what_is_done_and_stops_at_a_refusal() -> None:
    found = lanes([branch("a", status="answered", answer="agree"), branch("b", status="claimed")], ZH)
    assert [lane.flow for lane in found[0].lanes] == ["done", "now"]
    assert flow_of(branch("a", status="answered", answer="refuse")) == "stopped"


def test_curves_are_one_a_lane() -> None:
    assert len(wide_curves(3)) == len(tall_curves(3)) == 3
    assert len(brook(planned([branch("a"), branch("b")]), 320, 64)) == 2


CALENDAR = dates.calendar_of(
    [
        {
            "year": 2026,
            "holidays": ["2026-10-01", "2026-10-02", "2026-10-05"],
            "extra_workdays": ["2026-10-10"],
            "provisional": False,
        }
    ]
)


def test_working_days_skip_holidays_and_count_adjusted_workdays() -> None:
    assert dates.working_days(CALENDAR, date(2026, 9, 30), date(2026, 10, 6)) == 1
    assert dates.working_days(CALENDAR, date(2026, 10, 9), date(2026, 10, 12)) == 2


def test_the_day_is_the_citys_and_never_breaks() -> None:
    late = "2026-03-11T17:30:00+00:00"
    assert dates.day(late, "zh", date(2026, 1, 1)).striptags() == "3月12日（周四）"
    assert dates.day(late, "en", date(2027, 1, 1)).striptags() == "Thu 12 March 2026"
    assert 'class="nb"' in dates.day(late, "zh", date(2026, 1, 1))
    assert dates.clock(late) == "01:30"


def test_limits_are_said_as_people_say_them() -> None:
    assert dates.limit({"value": 0.5, "unit": "working_days"}, ZH) == "半个工作日"
    assert dates.limit({"value": 1.5, "unit": "working_days"}, EN) == "1.5 working days"
    assert dates.limit({"value": 0, "unit": "on_the_spot"}, ZH) == "当场办结"
    assert dates.limit({"value": 15, "unit": "calendar_days"}, ZH) == "15 天"


def test_the_days_left_are_said_with_the_due_day() -> None:
    reader = Reader(ZH, CALENDAR, datetime(2026, 10, 9, 2, tzinfo=UTC))
    assert reader.left("2026-10-12T16:00:00+08:00") == "还剩 2 个工作日"
    assert reader.left("2026-10-09T17:00:00+08:00") == "今天到期"
    assert reader.left("2026-09-30T17:00:00+08:00") == "已超 4 个工作日"
