"""Log lines: JSON, with the trace, without personal data."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from chassis import logs
from chassis.masking import masked


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure(service="notes")
    yield
    structlog.reset_defaults()
    root.handlers[:], level = before
    root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_is_json_with_a_name_its_fields_and_the_trace(capsys: pytest.CaptureFixture[str]) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with logs.follow(trace), logs.fields(event_id="e-1", application="SJ20261124000123K"):
        structlog.get_logger().info("answer_taken", department="SJ")
    (line,) = lines(capsys)
    assert line["event"] == "answer_taken" and line["service"] == "notes" and line["level"] == "info"
    assert line["trace"] == "0af7651916cd43dd8448eb211c80319c"
    assert line["event_id"] == "e-1" and line["application"] == "SJ20261124000123K"
    assert str(line["time"]).endswith("Z")
    assert logs.current_trace() is None


@pytest.mark.parametrize(
    "text",
    [
        "申请人 320102199003077512 来电",
        "32010219900307751X",
        "13812345678",
        "+86 138 1234 5678",
        "8613812345678",
        "138-1234-5678",
    ],
)
def test_id_and_mobile_numbers_never_reach_the_log(capsys: pytest.CaptureFixture[str], text: str) -> None:
    structlog.get_logger().warning(
        text, deep={"list": [text, {"a": text}]}, password="river", token="abc", id_number="x"
    )
    out = capsys.readouterr().out
    for secret in ("199003077512", "19900307751X", "12345678", "1234 5678", "1234-5678", "river", "abc"):
        assert secret not in out
    assert json.loads(out)["deep"]["list"][0]


@pytest.mark.parametrize(
    "text",
    [
        "SJ20261124000123K",
        "91320100MA1XYZ1234",
        "0192f0c1-7b1e-7d11-8e3a-13812345678a",
        "2026-11-24T09:30:00.123456+08:00",
        "12345678901234567890",
    ],
)
def test_numbers_that_name_no_person_stay_readable(capsys: pytest.CaptureFixture[str], text: str) -> None:
    structlog.get_logger().info("seen", what=text)
    assert lines(capsys)[0]["what"] == text


def test_a_number_may_be_personal_too() -> None:
    assert masked({"n": 13812345678, "count": 3, "share": 0.5, "ok": True, "none": None}) == {
        "n": "***", "count": 3, "share": 0.5, "ok": True, "none": None
    }  # fmt: skip


def test_what_libraries_log_comes_out_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(service="notes")
    try:
        raise ValueError("no such phone 13812345678")
    except ValueError:
        logging.getLogger("somelibrary").exception("call to %s failed", "13812345678")
    (line,) = lines(capsys)
    assert line["event"] == "call to *** failed" and line["logger"] == "somelibrary"
    assert line["level"] == "error" and "ValueError: no such phone ***" in str(line["exception"])


@pytest.mark.parametrize(
    "broken",
    [
        None,
        "",
        "00-xyz-b7ad6b7169203331-01",
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
    ],
)
def test_a_trace_that_breaks_the_rules_is_replaced_by_a_new_one(broken: str | None) -> None:
    first, second = logs.next_span(broken), logs.next_span(broken)
    assert len(first) == 55 and first.startswith("00-")
    assert logs.trace_id(first) != logs.trace_id(second)
