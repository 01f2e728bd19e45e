"""Webhooks are told once an event, tried again for a day, and hold up nobody else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.fakes.database import envelope
from contracts import approval
from contracts.cloudevents import Envelope, load
from services.notification.hooks import handlers
from services.notification.hooks.domain import GIVE_UP_AFTER, TEST, sign
from tests.unit.notification.helpers import Desk
from tests.unit.notification.receivers import SECRET, Receivers, opened

URL = "https://sj.example/"


@pytest.fixture
def receivers(desk: Desk) -> Receivers:
    desk.know_the_city()
    return Receivers(desk.database)


def of(event: approval.BranchOpened, sequence: int = 1) -> Envelope:
    made = envelope(event, sequence=sequence, time=datetime.now(UTC))
    return replace(made, department=event.branch.department)


def test_a_department_is_told_of_its_own_branches_and_of_no_other(desk: Desk, receivers: Receivers) -> None:
    receivers.make()
    receivers.make("xf", "XF")
    desk.deliver([of(opened(1)), of(opened(2, "XF"), 2), of(opened(3, "GA"), 3)])
    receivers.deliver_all()
    assert [load(b).subject for _, b in receivers.got[URL]] == [opened(1).subject]
    assert [load(b).department for _, b in receivers.got["https://xf.example/"]] == ["XF"]


def test_the_same_event_again_is_delivered_once(desk: Desk, receivers: Receivers) -> None:
    receivers.make()
    event = of(opened(1))
    desk.deliver([event, event])
    with desk.database.transaction() as uow:
        handlers.follow([event], uow)
    receivers.deliver_all()
    assert len(receivers.got[URL]) == 1


def test_only_chosen_types_are_delivered(desk: Desk, receivers: Receivers) -> None:
    receivers.make(events=[approval.BranchAnswered.type])
    desk.deliver([of(opened(1))])
    receivers.deliver_all()
    assert receivers.got == {}


def test_what_is_sent_is_signed_under_the_events_id(desk: Desk, receivers: Receivers) -> None:
    receivers.make()
    event = of(opened(1))
    desk.deliver([event])
    receivers.deliver_all()
    [(headers, body)] = receivers.got[URL]
    assert headers["webhook-id"] == event.id
    signed = sign([SECRET], event.id, int(headers["webhook-timestamp"]), body)
    assert headers["webhook-signature"] == signed
    assert load(body).event == event.event


def test_an_old_secret_signs_beside_the_new_one_until_its_time_is_over(
    desk: Desk, receivers: Receivers
) -> None:
    receivers.make()
    with desk.database.transaction() as uow:
        handlers.renew_secret("sj", "SJ", "whsec_AAAA", uow)
        handlers.test("sj", "SJ", uow)
    receivers.deliver_all()
    receivers.secret_ends()
    with desk.database.transaction() as uow:
        handlers.test("sj", "SJ", uow)
    receivers.deliver_all()
    (both, body), (alone, _) = receivers.got[URL]
    stamp = int(both["webhook-timestamp"])
    assert both["webhook-signature"] == sign(["whsec_AAAA", SECRET], both["webhook-id"], stamp, body)
    assert " " not in alone["webhook-signature"]
    assert json.loads(body)["type"] == TEST


def test_a_failure_is_tried_again_and_every_try_is_kept(desk: Desk, receivers: Receivers) -> None:
    receivers.make()
    receivers.answers[URL] = [500, "too_slow", 204]
    desk.deliver([of(opened(1))])
    receivers.deliver_all()
    [waiting] = receivers.log()
    assert (waiting["state"], [t["status"] for t in waiting["tries"]]) == ("waiting", [500])
    for _ in range(2):
        receivers.let_pass(timedelta(minutes=2))
        receivers.deliver_all()
    [done] = receivers.log()
    assert done["state"] == "delivered"
    assert [(t["status"], t["error"]) for t in done["tries"]] == [
        (500, None),
        (None, "too_slow"),
        (204, None),
    ]


def test_after_a_day_it_is_given_up_and_the_webhook_paused_until_taken_up_again(
    desk: Desk, receivers: Receivers
) -> None:
    receivers.make()
    receivers.answers[URL] = ["refused"]
    desk.deliver([of(opened(1))])
    receivers.deliver_all()
    receivers.let_pass(GIVE_UP_AFTER)
    receivers.deliver_all()
    assert receivers.state() == ("paused", "given_up")
    desk.deliver([of(opened(2), 2)])
    receivers.deliver_all()
    assert [d["state"] for d in receivers.log()] == ["given_up", "waiting"]
    receivers.answers[URL] = [200]
    with desk.database.transaction() as uow:
        handlers.change("sj", "SJ", uow, state="active")
        assert handlers.send_again("sj", "SJ", uow, events=[receivers.log()[0]["event_id"]]) == 1
    receivers.deliver_all()
    assert [d["state"] for d in receivers.log()] == ["delivered", "delivered"]


def test_a_webhook_that_says_it_is_gone_is_paused_at_once(desk: Desk, receivers: Receivers) -> None:
    receivers.make()
    receivers.answers[URL] = [410]
    desk.deliver([of(opened(1))])
    receivers.deliver_all()
    assert receivers.state() == ("paused", "gone")


def test_one_that_does_not_answer_is_asked_once_a_turn_and_others_get_theirs(
    desk: Desk, receivers: Receivers
) -> None:
    receivers.make()
    receivers.make("xf", "XF")
    receivers.answers[URL] = ["too_slow"]
    desk.deliver([of(opened(n, d), n * 2 + (d == "XF")) for n in range(1, 6) for d in ("SJ", "XF")])
    receivers.sender.step()
    assert len(receivers.got["https://xf.example/"]) == 5
    assert [t["error"] for d in receivers.log() for t in d["tries"]] == ["too_slow"] * 5


def test_a_sender_that_ended_in_the_middle_leaves_it_to_the_next(desk: Desk, receivers: Receivers) -> None:
    receivers.make()
    desk.deliver([of(opened(1))])
    with desk.database.transaction() as uow:
        assert receivers.sender._take(uow)
    receivers.deliver_all()
    assert receivers.got == {}
    receivers.let_pass(timedelta(minutes=6))
    receivers.deliver_all()
    assert [d["state"] for d in receivers.log()] == ["delivered"]
