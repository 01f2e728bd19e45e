"""Events become messages: each once for each recipient and channel, in any order."""

from __future__ import annotations

import random
import string
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args, get_type_hints

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from chassis.fakes.database import events_of
from contracts import approval, intake
from contracts.identity import SecurityChanged, StaffChanged
from contracts.notification import MessagesRead, MessageWritten
from services.notification import handlers, orm, queries
from services.notification.domain import CATEGORIES, wishes
from services.notification.words import LANGUAGES, texts, words
from tests.unit.intake.helpers import Approval, state_of
from tests.unit.notification.helpers import NUMBER, OWNER, Desk, filed

DAY = timedelta(days=1)


def told() -> Approval:
    made = Approval(["food", "fire"], NUMBER)
    made.open_case()
    made.suspend("food", 1)
    made.branch(approval.BranchOverdue, "fire", overdue=True)
    made.answer("food")
    made.answer("fire")
    made.decide()
    made.issue("food")
    made.close()
    return made


def supervision(kind: type[approval.SupervisionEvent], **facts: Any) -> approval.SupervisionEvent:
    common = {"application_no": NUMBER, "branch_no": f"{NUMBER}-01", "department": "SJ", "responsible": None}
    return kind(**(common | facts))


def wished(desk: Desk) -> list[tuple[str, str, str]]:
    return sorted((r.text, r.recipient, r.channel) for r in desk.rows())


def test_each_step_of_a_case_is_told_to_its_owner_on_both_channels(desk: Desk) -> None:
    desk.know_the_city()
    assert desk.hear(*(e.event for e in told().story)) == []
    names = ["received", "correction", "overdue", "granted", "licence_issued", "closed"]
    assert wished(desk) == sorted((n, OWNER, c) for n in names for c in ("app", "mail"))


@pytest.mark.parametrize("seed", range(5))
def test_any_order_and_any_copies_wish_the_same_once(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)
    envelopes = [desk.wrap(e.event) for e in told().story]
    envelopes.append(desk.wrap(filed(desk.now())))
    everything = envelopes + dice.sample(envelopes, 6)
    dice.shuffle(everything)
    assert desk.deliver(everything, batch=dice.choice([1, 3, 50])) == []
    assert len(desk.rows()) == len({(r.event_id, r.recipient, r.channel) for r in desk.rows()}) == 12


def test_a_wish_is_written_once_even_when_its_handler_runs_twice(desk: Desk) -> None:
    desk.know_the_city()
    decided = desk.wrap(approval.CaseDecided(application_no=NUMBER, outcome="granted", decided_at=desk.now()))
    for _ in range(2):
        with desk.database.transaction() as uow:
            handlers.follow([decided], uow)
    assert [r.text for r in desk.rows("mail")] == ["received", "granted"]


def test_news_of_a_case_nobody_has_told_of_wait(desk: Desk) -> None:
    early = desk.hear(approval.CaseClosed(application_no=NUMBER, closed_at=desk.now()))
    assert [e.type for e in early] == ["approval.case_closed"]
    assert desk.rows() == []


def test_a_backfill_fills_the_list_read_and_mails_nobody(desk: Desk) -> None:
    desk.know_the_city()
    desk.hear(approval.CaseClosed(application_no=NUMBER, closed_at=desk.now()), age=DAY)
    old = [r for r in desk.rows() if r.text == "closed"]
    assert [(r.channel, r.read_at is not None) for r in old] == [("app", True)]


def test_who_wants_no_mail_about_something_gets_none(desk: Desk) -> None:
    desk.know_the_city()
    with desk.database.transaction() as uow:
        handlers.prefer(OWNER, "en", ["todo"], uow)
    desk.hear(*(e.event for e in told().story))
    assert [r.text for r in desk.rows("mail")] == ["received", "correction"]
    assert len(desk.rows("app")) == 6


def test_supervision_is_told_to_the_one_who_must_answer_or_to_the_heads(desk: Desk) -> None:
    desk.know_the_city()
    due = desk.now() + DAY
    opened = supervision(approval.SupervisionOpened, opened_at=desk.now(), answer_due=due)
    desk.hear(opened, replace(opened, responsible="acc-9"))
    desk.hear(supervision(approval.SupervisionUnanswered, answer_due=due))
    desk.hear(supervision(approval.SupervisionAnswered, answered_at=due, in_time=True))
    assert [w[:2] for w in wished(desk) if w[2] == "app" and w[0] != "received"] == [
        ("supervision_answered", "acc-sup"),
        ("supervision_opened", "acc-9"),
        ("supervision_opened", "acc-head"),
        ("supervision_unanswered", "acc-head"),
        ("supervision_unanswered", "acc-sup"),
    ]


def test_what_waits_for_the_head_is_told_to_the_heads_of_that_department(desk: Desk) -> None:
    desk.know_the_city()
    branch = state_of(1, "food")
    desk.hear(approval.SignatureRequested(application_no=NUMBER, branch=branch, answer="refuse"))
    desk.hear(approval.ExtensionRequested(application_no=NUMBER, branch=branch, days=5))
    asked = [w for w in wished(desk) if w[2] == "app" and w[0] != "received"]
    assert asked == [("extension_requested", "acc-head", "app"), ("signature_requested", "acc-head", "app")]
    desk.hear(approval.ExtensionDecided(application_no=NUMBER, branch=branch, approved=False, days=5))
    assert "extended" not in {w[0] for w in wished(desk)}
    desk.hear(approval.ExtensionDecided(application_no=NUMBER, branch=branch, approved=True, days=5))
    assert ("extended", OWNER, "mail") in wished(desk)


def test_who_has_other_roles_now_or_is_suspended_is_told_accordingly_in_any_order(desk: Desk) -> None:
    desk.know_the_city()

    def is_now(account: str, *roles: str, suspended: bool = False) -> StaffChanged:
        return StaffChanged(account_id=account, department="SJ", roles=roles, is_suspended=suspended)

    moved = desk.wrap(is_now("acc-head", "officer"))
    desk.deliver([desk.wrap(is_now("acc-new", "approver")), desk.wrap(is_now("acc-head", "officer"))])
    desk.deliver([replace(moved, event=is_now("acc-head", "approver"))])
    desk.hear(is_now("acc-gone", "approver", suspended=True))
    asked = approval.SignatureRequested(application_no=NUMBER, branch=state_of(1, "food"), answer="refuse")
    desk.hear(asked)
    assert [w[1] for w in wished(desk) if w[2] == "app" and w[0] != "received"] == ["acc-new"]


def test_the_holder_is_told_of_every_change_of_security(desk: Desk) -> None:
    changes = get_args(get_type_hints(SecurityChanged)["change"])
    desk.hear(*(SecurityChanged(account_id=OWNER, change=change) for change in changes))
    assert wished(desk) == sorted((f"security_{c}", OWNER, w) for c in changes for w in ("app", "mail"))
    with desk.database.read() as session:
        found = queries.inbox(OWNER, False, None, session)["items"]
    assert {m["link"] for m in found} == {"/me/security"}
    assert all(m["title"]["zh"] and m["text"]["en"] for m in found)


def test_a_message_is_read_in_the_words_of_today_and_counted_until_it_is_read(desk: Desk) -> None:
    desk.know_the_city()
    desk.hear(*(e.event for e in told().story))
    with desk.database.read() as session:
        page = queries.inbox(OWNER, False, None, session)
    assert page["unread"] == len(page["items"]) == 6
    correction = next(m for m in page["items"] if m["category"] == "todo")
    assert correction["title"] == {"zh": "请补正：开店", "en": "Correction wanted: Opening a shop"}
    assert correction["text"]["zh"].startswith("市场监管局请您补正")
    assert correction["link"] == f"/cases/{NUMBER}/fix"
    with desk.database.transaction() as uow:
        handlers.read(OWNER, [correction["message_id"]], uow)
        handlers.read("acc-head", [page["items"][0]["message_id"]], uow)
    with desk.database.read() as session:
        assert queries.unread(OWNER, session) == 5
        assert len(queries.inbox(OWNER, True, None, session)["items"]) == 5
    with desk.database.transaction() as uow:
        handlers.read(OWNER, None, uow)
        handlers.read(OWNER, None, uow)
    with desk.database.read() as session:
        assert queries.unread(OWNER, session) == 0
    assert [e.subject for e in events_of(desk.database, MessagesRead)] == [OWNER, OWNER]


def test_open_pages_hear_of_a_message_once_a_batch(desk: Desk) -> None:
    desk.know_the_city()
    desk.hear(*(e.event for e in told().story))
    said = [(e.event.account, e.event.category) for e in events_of(desk.database, MessageWritten)]
    assert said == [(OWNER, "progress"), (OWNER, "progress"), (OWNER, "result"), (OWNER, "todo")]


def test_every_text_has_both_languages_and_every_wish_has_its_text(desk: Desk) -> None:
    facts = {"n": 2, "department": "SJ", "days": 5, "due": "2026-03-12T09:00:00+00:00"}
    facts |= {"licence": "L-1", "branch": f"{NUMBER}-01"}
    facts |= {"token": "t", "title_zh": "开店", "title_en": "Opening a shop"}
    for name, found in texts().items():
        assert found.keys() == {"link", *LANGUAGES}
        for language in LANGUAGES:
            said = words(name, facts, NUMBER, "open-shop", {}, language)
            assert said.link.startswith("/")
            for text in (said.title, said.text):
                assert text
                assert not set("!!{}") & set(text)
                assert language == "zh" or set(text) <= set(string.printable)


def test_dates_are_said_as_the_city_says_them() -> None:
    facts = {"department": "SJ", "days": 5, "due": "2026-03-12T09:00:00+00:00"}
    said = [words("extended", facts, NUMBER, "x", {}, language).text for language in LANGUAGES]
    assert said[0].endswith("最晚 3月12日(周四)。")
    assert said[1].endswith("At the latest Thu 12 March.")


def test_every_event_that_is_listened_to_is_told_or_kept() -> None:
    kept = {"ProcedurePublished", "DepartmentPublished", "AccountOpened"}
    assert len(handlers.EVENTS) == len(set(handlers.EVENTS))
    state = state_of(1, "food")
    silent = approval.BranchSilent(application_no=NUMBER, branch=state, source_of_rule="r")
    assert list(wishes(silent)) == []
    assert kept < {e.__name__ for e in handlers.EVENTS}
    assert {w.category for w in wishes(intake.ApplicationReturned(application_no=NUMBER, round=1))} <= set(
        CATEGORIES
    )


def test_the_migrated_schema_is_the_one_in_code(desk: Desk) -> None:
    def ours(_object: Any, name: str, kind: str, _reflected: bool, _to: Any) -> bool:
        return kind != "table" or name in orm.metadata.tables

    with desk.database.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
        assert compare_metadata(context, orm.metadata) == []
