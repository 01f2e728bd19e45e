"""Messages of a firm's case go to the firm and the agent who filed; codes go to phones and stay nowhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis.fakes.database import deliver, envelope
from chassis.trust import keep
from contracts.identity import AgencyEnded, AgencyGranted, PhoneCodeWished
from services.notification import queries
from services.notification.contacts import PhoneCode, Unreachable
from services.notification.mail import NoTexts, SandboxTexts
from services.notification.sender import Sender
from tests.unit.intake.helpers import Approval
from tests.unit.notification.helpers import NUMBER, Desk, Phonebook, Postbox, filed

FIRM, AGENT = "acc-firm", "acc-agent"


class Phones(Phonebook):
    def __init__(self) -> None:
        super().__init__()
        self.codes = {"c1": PhoneCode("10099000003", "123456")}

    def phone_code(self, check_id: str) -> PhoneCode | None:
        if self.is_away:
            raise Unreachable("identity away")
        return self.codes.get(check_id)


def trusted(desk: Desk, *events: Any) -> None:
    made = [envelope(e, sequence=n, time=desk.now()) for n, e in enumerate(events, 1)]
    deliver(desk.database, keep, made, subscription="notification.trust")


def recipients(desk: Desk) -> list[str]:
    return sorted(row.recipient for row in desk.rows("app"))


def agency(desk: Desk) -> tuple[AgencyGranted, AgencyEnded]:
    known = {"agency_id": "a1", "firm": FIRM, "agent": AGENT}
    return (
        AgencyGranted(**known, role="agent", granted_at=desk.now()),  # type: ignore[arg-type]
        AgencyEnded(**known, ended_at=desk.now()),
    )


def test_the_firm_and_the_agent_who_filed_are_told(desk: Desk) -> None:
    trusted(desk, agency(desk)[0])
    desk.hear(replace(filed(desk.now(), applicant=FIRM), filed_by=AGENT))
    assert recipients(desk) == [AGENT, FIRM]


def test_an_agent_who_has_left_is_told_no_more(desk: Desk) -> None:
    given, ended = agency(desk)
    trusted(desk, given)
    desk.hear(replace(filed(desk.now(), applicant=FIRM), filed_by=AGENT))
    trusted(desk, ended)
    case = Approval(["food"], NUMBER)
    case.open_case()
    case.suspend("food", 1)
    desk.hear(*(e.event for e in case.story))
    assert recipients(desk) == [AGENT, FIRM, FIRM]


def wish(desk: Desk, lives: timedelta = timedelta(minutes=10), check: str = "c1") -> PhoneCodeWished:
    return PhoneCodeWished(check_id=check, account_id="acc-1", expires_at=desk.now() + lives)


def sender(desk: Desk, texts: Any) -> Sender:
    return Sender(desk.database, Phones(), Postbox(), texts=texts)


def test_a_code_goes_to_the_phone_alone_and_stays_nowhere(desk: Desk) -> None:
    texts = Postbox()
    desk.hear(wish(desk))
    (row,) = desk.rows()
    assert (row.channel, row.facts, row.state) == ("sms", {"check": "c1"}, "waiting")
    assert sender(desk, texts).step() == 0.0
    (letter,) = texts.letters
    assert letter.address == "10099000003" and letter.words.text.startswith("123456")
    (row,) = desk.rows()
    assert row.state == "sent" and "123456" not in repr(row)
    with desk.database.read() as session:
        assert queries.inbox("acc-1", False, None, session)["items"] == []


def test_the_sandbox_shows_what_would_have_been_sent(desk: Desk) -> None:
    desk.hear(wish(desk))
    sender(desk, SandboxTexts(desk.database)).step()
    with desk.database.read() as session:
        (shown,) = queries.outbox(None, None, session)["items"]
    assert shown["letter"]["to"] == "10099000003" and "123456" in shown["letter"]["body"]


@pytest.mark.parametrize(
    ("check", "texts", "state"), [("over", Postbox(), "no_address"), ("c1", NoTexts(), "failed")]
)
def test_a_code_that_can_not_be_sent_is_given_up(desk: Desk, check: str, texts: Any, state: str) -> None:
    desk.hear(wish(desk, check=check))
    sender(desk, texts).step()
    assert [row.state for row in desk.rows()] == [state]


def test_a_code_that_is_over_when_it_is_heard_is_not_wished(desk: Desk) -> None:
    desk.hear(wish(desk, lives=timedelta(seconds=-1)))
    assert desk.rows() == []
