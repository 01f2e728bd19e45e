"""Messages, figures, supervision and the outbox as pages."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from chassis.database import Database
from chassis.fakes.database import deliver, envelope
from contracts import approval, intake
from contracts.cloudevents import Envelope
from contracts.dashboard import FiguresChanged
from contracts.notification import MessageWritten
from services.notification.contacts import Contact
from services.notification.mail import Sandbox, Settings
from services.notification.orm import message
from services.notification.sender import Sender
from services.portal import follow, handlers
from services.portal.orm import PageChange
from services.portal.words import Language
from tests.unit.dashboard.history import history
from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_follow import FollowCity

Visit = Callable[..., Browser]
NO = "SJ20261124000123K"


def told(*, owner: str = "acc-shen", number: str = NO) -> list[Envelope]:
    now = datetime.now(UTC)
    state = approval.BranchState(
        branch_no=f"{number}-01",
        key="food",
        item="food-licence",
        department="SJ",
        kind="decide",
        required=True,
        status="suspended",
        correction_request=1,
    )
    filed = intake.ApplicationSubmitted(
        application_no=number,
        procedure="open-restaurant",
        version=1,
        applicant=owner,
        channel="portal",
        submitted_at=now,
    )
    return [
        envelope(filed, sequence=1, time=now, case=number),
        envelope(
            approval.BranchSuspended(application_no=number, branch=state), sequence=1, time=now, case=number
        ),
    ]


def late(number: str = NO) -> list[Envelope]:
    """A branch past the limit by law, and its supervision, answered in writing."""
    now = datetime.now(UTC)
    state = approval.BranchState(
        branch_no=f"{number}-01",
        key="food",
        item="food-licence",
        department="SJ",
        kind="decide",
        required=True,
        status="claimed",
        opened_at=now - timedelta(days=30),
        promised_due=now - timedelta(days=9),
        statutory_due=now - timedelta(days=2),
        overdue=True,
    )
    common = {"application_no": number, "branch_no": state.branch_no, "department": "SJ"}
    opened = approval.SupervisionOpened(
        **common, responsible="acc-lu", opened_at=now, answer_due=now + timedelta(days=1)
    )
    answered = approval.SupervisionAnswered(**common, responsible="acc-lu", answered_at=now, in_time=True)
    events = [approval.BranchOverdue(application_no=number, branch=state), opened, answered]
    return [envelope(e, sequence=n, time=now, case=number) for n, e in enumerate(events, 2)]


def test_the_space_shows_messages_with_unread_marks(visit: Visit, city: FollowCity) -> None:
    city.tell(told())
    page = visit("shenjiahe").get("/space").text
    assert "2 条未读" in page and "请补正" in page and "message--urgent" in page
    assert "data-stream" in page
    assert "未读" not in visit("heji").get("/space").text


def test_a_message_opens_its_matter_and_is_read(visit: Visit, city: FollowCity) -> None:
    city.tell(told())
    browser = visit("shenjiahe")
    page = browser.get("/space/messages").text
    link = page.split('href="/m/')[1].split('"')[0]
    answer = browser.client.get(f"/m/{link}")
    assert (answer.status_code, answer.location) == (303, f"/cases/{NO}/fix")
    assert browser.client.get(f"/en/m/{link}").location == f"/en/cases/{NO}/fix"
    assert "1 条未读" in browser.get("/space/messages").text
    assert visit("heji").get(f"/m/{link}").status_code == 404
    assert visit().get(f"/m/{link}").request.path == "/sign-in/account"


def test_all_are_marked_as_read_at_once(visit: Visit, city: FollowCity) -> None:
    city.tell(told())
    browser = visit("shenjiahe")
    browser.get("/space/messages")
    assert "已全部标为已读" in browser.post("/space/messages/read").text
    assert "0 条未读" in browser.get("/space/messages").text


def test_cases_stand_while_messages_are_away(visit: Visit, city: FollowCity) -> None:
    browser = visit("shenjiahe")
    city.down.add("notification")
    page = browser.get("/space")
    assert page.status_code == 200 and "消息暂时打不开" in page.text
    assert browser.get("/space/messages").status_code == 503


def test_preferences_are_kept_and_a_wrong_address_is_said(visit: Visit, city: FollowCity) -> None:
    browser = visit("shenjiahe")
    page = browser.get("/space/preferences").text
    assert page.count("checked") == 4
    page = browser.post("/space/preferences", email="shen", mail="todo", language="en").text
    assert "邮箱地址不对" in page and 'value="shen"' in page and page.count("checked") == 2
    page = browser.post("/space/preferences", email="shen@jiangtang.example", mail="todo", language="en").text
    assert "已保存" in page and page.count("checked") == 2
    assert city.emails == {"acc-shen": "shen@jiangtang.example"}
    browser.post("/space/preferences", email="", language="zh")
    assert set(city.emails.values()) == {None}


@pytest.mark.parametrize("path", ["/lead", "/lead/cases", "/watch", "/outbox", "/stream/figures"])
def test_pages_of_leaders_and_operators_are_for_them_alone(visit: Visit, path: str) -> None:
    for login in ("shenjiahe", "luming", "qianxiaowen"):
        assert visit(login).client.get(path).status_code == 403
    first = visit().client.get(path)
    assert first.status_code == (401 if path.startswith("/stream") else 303)
    allowed = {"/outbox": ["admin"]}.get(path, ["leader", "zhou-sup", "xukeqin"])
    for login in allowed:
        answer = visit(login).client.get(path)
        assert answer.status_code == 200
        answer.close()


def test_streams_of_the_space_need_somebody_signed_in(visit: Visit) -> None:
    assert visit().client.get("/stream/space").status_code == 401
    answer = visit("shenjiahe").client.get("/stream/space")
    assert answer.content_type.startswith("text/event-stream")
    answer.close()


def test_every_number_links_to_its_cases(visit: Visit, city: FollowCity) -> None:
    city.tell([*told(), *late(), *history(random.Random(2), 30)])
    browser = visit("leader")
    page = browser.get("/lead").text
    assert "今天收件" in page and "最近一条事件" in page
    links = {p.split('"')[0].replace("&amp;", "&") for p in page.split('href="/lead/cases?')[1:]}
    assert len(links) > 5
    for link in links:
        shown = browser.get(f"/lead/cases?{link}")
        assert shown.status_code == 200
        assert 'class="slip ' in shown.text, link
    assert browser.get("/lead/cases?show=gossip").status_code == 404
    assert "没有件" in browser.get("/lead/cases?show=late&day=2026-01-01").text


def test_a_head_sees_their_own_department(visit: Visit, city: FollowCity) -> None:
    city.tell([*told(), *late()])
    page = visit("xukeqin").get("/lead").text
    assert "市场监督管理局" in page or "市场监管局" in page
    assert "今天收件" not in page


def test_supervision_shows_who_must_explain_and_what_they_said(visit: Visit, city: FollowCity) -> None:
    city.tell([*told(), *late()])
    city.desk.supervisions.append({"branch_no": f"{NO}-01", "answer": "现场复核延误,周五前办结。"})
    page = visit("leader").get("/watch").text
    assert "周五前办结" in page and "陆明远" in page and "超法定期限" in page
    assert "结案</button>" not in page
    supervisor = visit("zhou-sup")
    assert "结案</button>" in supervisor.get("/watch").text
    assert "已结案" in supervisor.post(f"/watch/{NO}-01/close", key="k1").text
    assert "还没有书面说明" in supervisor.post(f"/watch/{NO}-01/close", key="k2").text
    assert visit("leader").post(f"/watch/{NO}-01/close").status_code == 403


class OneContact:
    def of(self, _account_id: str) -> Contact:
        return Contact("沈佳禾", "shen@jiangtang.example")


def test_the_outbox_shows_what_would_have_been_sent(visit: Visit, city: FollowCity) -> None:
    city.tell(told())
    database = city.databases["notification"]
    sender = Sender(database, OneContact(), Sandbox(Settings(site="https://city.example")))
    while sender.step() == 0.0:
        pass
    page = visit("admin").get("/outbox").text
    assert "shen@jiangtang.example" in page and "已发出" in page and "请补正" in page
    assert visit("admin").get("/outbox?state=failed").status_code == 200
    assert visit("admin").get("/outbox?state=gone").status_code == 404
    with database.read() as session:
        assert set(session.scalars(select(message.c.state))) == {"kept", "sent"}


def test_who_signs_in_comes_to_their_own_first_page(visit: Visit) -> None:
    pages = {"leader": "/lead", "zhou-sup": "/watch", "admin": "/outbox", "luming": "/work"}
    for login, path in pages.items():
        assert visit(login).address == path
    assert visit("xukeqin").address == "/head"


def test_pages_speak_english_too(visit: Visit, city: FollowCity) -> None:
    city.tell([*told(), *late()])
    assert "Today against the promise" in visit("leader").get("/en/lead").text
    assert "Correction wanted" in visit("shenjiahe").get("/en/space").text


def test_messages_and_figures_make_their_pages_old(database: Database) -> None:
    now = datetime.now(UTC)
    events = [
        MessageWritten(account="acc-shen", category="todo"),
        FiguresChanged(board="city"),
        intake.ApplicationStatusChanged(
            application_no=NO,
            procedure="x",
            applicant="acc-heji",
            status="closed",
            outcome="granted",
            answered=1,
            branches=1,
            changed_at=now,
        ),
    ]
    deliver(database, handlers.mark_pages, [envelope(e, sequence=1, time=now) for e in events], batch=10)
    with database.read() as session:
        found = set(session.scalars(select(PageChange.topic)))
    assert found == {"account:acc-shen", "account:acc-heji", "figures"}


def test_the_highest_column_fills_the_chart() -> None:
    rows = [{"hour": 9, "filed": 4, "decided": 1}, {"hour": 10, "filed": 0, "decided": 0}]
    high, none = follow.bars(rows, lambda r: str(r["hour"]))
    assert (high.filed_height, high.decided_height, none.filed_height) == (100, 25, 0)
    assert follow.bars([], str) == []
    assert follow.stage_word("some_new_stage", Language("zh")) == "some_new_stage"
