"""What makes an open page old."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import select

from chassis.database import Database
from chassis.fakes.database import deliver, envelope
from contracts import approval, intake
from contracts.approval import BranchState
from services.portal import handlers
from services.portal.orm import PageChange

NO = "SJ20261124000123K"
NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


def opened(department: str, number: int) -> approval.BranchOpened:
    state = BranchState(
        branch_no=f"{NO}-0{number}",
        key=department,
        item="food-licence",
        department=department,
        kind="decide",
        required=True,
        status="open",
    )
    return approval.BranchOpened(application_no=NO, branch=state)


def changed(status: intake.ApplicationStatus) -> intake.ApplicationStatusChanged:
    return intake.ApplicationStatusChanged(
        application_no=NO,
        procedure="open-restaurant",
        applicant="acc-heji",
        status=status,
        outcome=None,
        answered=0,
        branches=3,
        changed_at=NOW,
    )


def topics(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(PageChange.topic).order_by(PageChange.position)))


def test_a_batch_marks_each_page_once(database: Database) -> None:
    events = [opened("SJ", 1), opened("XF", 2), changed("in_approval")]
    envelopes = [envelope(e, sequence=n, time=NOW, case=NO) for n, e in enumerate(events, 1)]
    deliver(database, handlers.mark_pages, envelopes, batch=10)
    assert topics(database) == ["account:acc-heji", f"case:{NO}", "department:SJ", "department:XF"]


def test_the_same_event_twice_marks_nothing_twice(database: Database) -> None:
    one = envelope(opened("SJ", 1), sequence=1, time=NOW, case=NO)
    deliver(database, handlers.mark_pages, [one, one])
    assert topics(database) == [f"case:{NO}", "department:SJ"]


def test_a_filing_for_the_desk_is_an_arrival_at_its_department(database: Database) -> None:
    filed = envelope(changed("awaiting_acceptance"), sequence=1, time=NOW, case=NO)
    deliver(database, handlers.mark_pages, [replace(filed, department="SJ")])
    assert "department:SJ" in topics(database)
