"""The sender: one at a time, “trying” committed first, put off, given up, unknown after a crash."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from contracts import approval
from services.notification import handlers, queries
from services.notification.domain import LEASE, RETRY_AFTER
from services.notification.mail import Refused, Sandbox, Settings, TryLater
from services.notification.sender import Sender
from tests.unit.notification.helpers import NUMBER, OWNER, Desk, Phonebook, filed

HOUR = timedelta(hours=1)


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def wished(desk: Desk) -> Desk:
    desk.know_the_city()
    return desk


def only(desk: Desk) -> Any:
    (row,) = desk.rows("mail")
    return row


def test_a_wish_is_sent_once_in_the_recipients_language(wished: Desk) -> None:
    with wished.database.transaction() as uow:
        handlers.prefer(OWNER, "en", ["progress"], uow)
    wished.send_all()
    wished.send_all()
    (letter,) = wished.provider.letters
    assert (letter.address, letter.name) == ("shen@jiangtang.example", "沈佳禾")
    assert letter.words.title == "We have your application: Opening a shop"
    assert letter.key == only(wished).message_id
    assert (only(wished).state, only(wished).attempts, only(wished).due_at) == ("sent", 1, None)


def test_while_it_is_sent_the_row_says_trying_and_no_transaction_is_open(wished: Desk) -> None:
    seen: list[str] = []

    def look(_letter: Any) -> None:
        seen.append(only(wished).state)
        with wished.database.transaction():  # would wait for another writer
            seen.append("free")

    wished.provider.send = look  # type: ignore[method-assign]
    wished.send_all()
    assert seen == ["trying", "free"]


def test_nobody_to_write_to_is_an_outcome_too(wished: Desk) -> None:
    wished.contacts.people.clear()
    wished.send_all()
    assert (only(wished).state, only(wished).settled_at is None) == ("no_address", False)


@pytest.mark.parametrize("trouble", [TryLater("data 451"), ValueError("bug")])
def test_a_failed_try_is_put_off_longer_each_time_and_given_up_after_a_day(
    wished: Desk, trouble: Exception
) -> None:
    waits = []
    for _ in range(len(RETRY_AFTER) + 1):
        wished.provider.trouble = [trouble]
        assert wished.sender.step() == 0.0
        row = only(wished)
        assert row.state == "waiting"
        waits.append((row.due_at - row.tried_at).total_seconds())
        assert wished.sender.step() > 0.0
        wished.let_pass(row.due_at - row.tried_at)
    planned = [*RETRY_AFTER, RETRY_AFTER[-1]]
    assert all(0 <= wait - plan < 5 for wait, plan in zip(waits, planned, strict=True)), waits
    wished.let_pass(24 * HOUR)
    wished.provider.trouble = [trouble]
    wished.send_all()
    assert (only(wished).state, only(wished).due_at) == ("failed", None)
    assert only(wished).error in ("data 451", "ValueError")
    assert wished.provider.letters == []


def test_an_address_that_does_not_exist_is_given_up_at_once(wished: Desk) -> None:
    wished.provider.trouble = [Refused("recipient 550")]
    wished.send_all()
    assert (only(wished).state, only(wished).error) == ("failed", "recipient 550")


def test_identity_away_puts_mail_off_and_it_goes_when_identity_is_back(wished: Desk) -> None:
    wished.contacts.is_away = True
    wished.send_all()
    assert (only(wished).state, only(wished).error) == ("waiting", "identity ConnectionError")
    wished.contacts.is_away = False
    wished.let_pass(HOUR)
    wished.send_all()
    assert len(wished.provider.letters) == 1


def test_killed_before_sending_it_is_sent_once_when_the_lease_is_over(wished: Desk) -> None:
    wished.provider.trouble = [Killed()]
    with pytest.raises(Killed):
        wished.sender.step()
    assert only(wished).state == "trying"
    wished.send_all()
    assert wished.provider.letters == []
    wished.let_pass(LEASE)
    wished.send_all()
    assert len(wished.provider.letters) == 1
    assert (only(wished).state, only(wished).attempts) == ("sent", 2)


def test_killed_between_sending_and_commit_it_is_sent_again_under_the_same_key(wished: Desk) -> None:
    send = wished.provider.send

    def send_and_die(letter: Any) -> None:
        send(letter)
        raise Killed

    wished.provider.send = send_and_die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        wished.sender.step()
    wished.provider.send = send  # type: ignore[method-assign]
    wished.let_pass(LEASE)
    wished.send_all()
    first, second = wished.provider.letters
    assert first.key == second.key


def test_a_sender_that_was_paused_does_not_overrule_who_took_over(wished: Desk) -> None:
    send = wished.provider.send
    other = Sender(wished.database, wished.contacts, wished.provider)

    def pause(_letter: Any) -> None:
        wished.provider.send = send  # type: ignore[method-assign]
        wished.let_pass(LEASE)
        assert other.step() == 0.0
        raise TryLater("TimeoutError")

    wished.provider.send = pause  # type: ignore[method-assign]
    wished.send_all()
    assert (only(wished).state, only(wished).attempts) == ("sent", 2)
    assert len(wished.provider.letters) == 1


def test_a_message_that_can_not_be_made_does_not_hold_up_the_others(wished: Desk) -> None:
    wished.hear(filed(wished.now(), number="SJ20260302000002X", applicant="acc-head"))
    wished.provider.trouble = [KeyError("branch")]
    wished.send_all()
    assert sorted(r.state for r in wished.rows("mail")) == ["sent", "waiting"]


def test_a_database_that_goes_away_is_not_a_failed_try(wished: Desk) -> None:
    wished.provider.trouble = [OperationalError("select", {}, Exception("gone"))]
    with pytest.raises(OperationalError):
        wished.sender.step()
    assert only(wished).state == "trying"


def test_the_sandbox_keeps_what_would_have_been_sent_once(wished: Desk) -> None:
    settings = Settings(site="https://city.example")
    sender = Sender(wished.database, Phonebook(), Sandbox(settings, wished.database))
    wished.hear(approval.CaseClosed(application_no=NUMBER, closed_at=wished.now()))
    while sender.step() == 0.0:
        pass
    with wished.database.read() as session:
        page = queries.outbox(None, None, session)
    assert page["counts"] == [{"state": "sent", "count": 2}]
    closed, received = page["items"]
    assert closed["letter"]["subject"] == "全部办好了：开店"
    assert received["letter"]["to"] == "shen@jiangtang.example"
    assert f"https://city.example/m/{received['message_id']}" in received["letter"]["body"]
    assert NUMBER not in received["letter"]["body"].split("/m/")[1]
