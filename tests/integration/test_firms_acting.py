"""Acting for a firm at intake: whose things are meant, within which scope, until when."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chassis.auth import ACTING_FOR
from chassis.database import Database
from chassis.fakes.database import deliver, envelope, memory_database
from chassis.live import Feed
from chassis.trust import keep
from contracts import Event
from contracts.identity import AgencyEnded, AgencyGranted
from contracts.intake import ApplicationSubmitted
from services.approval import orm as approval_orm
from services.intake.domain import Application
from services.intake.orm import agent_act
from tests.unit.approval.bureau import Bureau
from tests.unit.approval.helpers import NUMBER as CASE
from tests.unit.approval.helpers import restaurant
from tests.unit.intake.helpers import FORM, procedure
from tests.unit.intake.office import BASE, Office, published

FIRM, AGENT = "firm-1", "agent-1"


def granted(number: str = "a1", agent: str = AGENT, **changes: Any) -> AgencyGranted:
    values: dict[str, Any] = {
        "agency_id": number,
        "firm": FIRM,
        "agent": agent,
        "role": "agent",
        "granted_at": datetime.now(UTC),
    }
    return AgencyGranted(**(values | changes))


def ended(number: str = "a1") -> AgencyEnded:
    return AgencyEnded(agency_id=number, firm=FIRM, agent=AGENT, ended_at=datetime.now(UTC))


def hear(database: Database, *events: Event) -> None:
    moment = datetime.now(UTC)
    deliver(database, keep, [envelope(e, sequence=1, time=moment) for e in events])


class Acting(Office):
    def agent(self, account: str = AGENT, firm: str = FIRM, **claims: Any) -> FlaskClient:
        made = self.person(account, level=2, **claims)
        made.environ_base[f"HTTP_{ACTING_FOR.upper().replace('-', '_')}"] = firm
        return made

    @property
    def firm(self) -> FlaskClient:
        return self.person(FIRM, kind="firm", level=2)


@pytest.fixture
def office(intake_database: Database) -> Acting:
    return Acting(intake_database)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"]


def test_an_agent_files_for_the_firm_and_the_firm_sees_who_did(office: Acting) -> None:
    hear(office.database, granted())
    number = office.file(who=office.agent())
    row = office.row(number)
    assert (row.applicant, row.filed_by) == (FIRM, AGENT)
    (said,) = office.said(ApplicationSubmitted)
    assert isinstance(said, ApplicationSubmitted)
    assert (said.applicant, said.filed_by) == (FIRM, AGENT)
    assert office.look(number, office.firm)["filed_by"] == AGENT
    assert office.look(number, office.agent())["filed_by"] == AGENT
    own = office.person(AGENT)
    assert refused(own.get(f"{BASE}/applications/{number}")) == (404, "not-found")
    assert own.get(f"{BASE}/applications").get_json()["items"] == []
    progress = office.agent().get(f"{BASE}/applications").get_json()["items"]
    assert [case["application_no"] for case in progress] == [number]
    assert office.agent().post(f"{BASE}/applications/{number}/withdraw").status_code == 202
    with office.database.read() as session:
        acts = session.execute(select(agent_act.c.agent, agent_act.c.firm, agent_act.c.act)).all()
    assert acts == [(AGENT, FIRM, "withdraw")]


def test_drafts_and_files_are_the_firms(office: Acting) -> None:
    hear(office.database, granted())
    agent, firm = office.agent(), office.firm
    begun = agent.post(f"{BASE}/drafts", json={"procedure": "open-shop", "prefill": False})
    draft = begun.get_json()["draft_id"]
    assert firm.get(f"{BASE}/drafts/{draft}").status_code == 200
    assert office.person(AGENT).get(f"{BASE}/drafts/{draft}").status_code == 404
    saved = agent.patch(
        f"{BASE}/drafts/{draft}", json={"answers": FORM}, headers={"If-Match": begun.headers["ETag"]}
    )
    hear(office.database, ended())
    answer = agent.post(f"{BASE}/drafts/{draft}/submit", headers={"If-Match": saved.headers["ETag"]})
    assert refused(answer) == (403, "not-your-firm")
    filed = firm.post(f"{BASE}/drafts/{draft}/submit", headers={"If-Match": saved.headers["ETag"]})
    assert filed.status_code == 201, filed.text
    assert office.row(filed.get_json()["application_no"]).filed_by is None


def test_outside_the_scope_nothing_is_shown_or_done(office: Acting) -> None:
    hear(office.database, granted(items=("desk-shop",)))
    agent, number = office.agent(), office.file(who=office.firm)
    draft = office.firm.post(f"{BASE}/drafts", json={"procedure": "open-shop", "prefill": False}).get_json()
    inside = office.file("desk-shop", agent)
    listed = agent.get(f"{BASE}/applications").get_json()["items"]
    assert [case["application_no"] for case in listed] == [inside]
    assert agent.get(f"{BASE}/drafts").get_json()["items"] == []
    calls = [
        ("post", "/applications", {"procedure": "open-shop", "form": FORM}),
        ("post", "/drafts", {"procedure": "open-shop", "prefill": False}),
        ("get", f"/drafts/{draft['draft_id']}", None),
        ("get", f"/applications/{number}", None),
        ("get", f"/applications/{number}/form", None),
        ("get", f"/applications/{number}/receipt", None),
        ("get", f"/applications/{number}/materials", None),
        ("post", f"/applications/{number}/withdraw", None),
        ("post", f"/applications/{number}/resubmit", {"form": FORM}),
    ]
    for method, path, body in calls:
        answer = getattr(agent, method)(BASE + path, json=body)
        assert refused(answer) == (403, "outside-scope"), path


@pytest.mark.parametrize(
    "events",
    [
        [],
        [granted(), ended()],
        [ended(), granted()],
        [granted(agent="another")],
        [granted(until=datetime.now(UTC) - timedelta(seconds=1))],
    ],
    ids=["never", "ended", "ended first", "somebody else", "expired"],
)
def test_without_an_agency_that_counts_nobody_acts(office: Acting, events: list[Event]) -> None:
    hear(office.database, *events)
    for answer in (
        office.agent().get(f"{BASE}/applications"),
        office.agent().post(f"{BASE}/applications", json={"procedure": "open-shop", "form": FORM}),
    ):
        assert refused(answer) == (403, "not-your-firm")
    assert office.count() == 0


def test_only_persons_act_and_the_firm_itself_needs_no_agency(office: Acting) -> None:
    hear(office.database, granted(agent="firm-2"))
    assert refused(office.agent("firm-2", kind="firm").get(f"{BASE}/applications")) == (403, "not-your-firm")
    assert office.agent(FIRM, kind="firm").get(f"{BASE}/applications").status_code == 200
    assert refused(office.agent(firm="\0" * 3).get(f"{BASE}/applications"))[0] in (400, 403)
    assert office.agent(firm=AGENT).get(f"{BASE}/applications").status_code == 200


def test_two_agencies_add_up(office: Acting) -> None:
    hear(office.database, granted("a1", items=("open-shop",)), granted("a2", items=("desk-shop",)))
    office.file("open-shop", office.agent())
    office.file("desk-shop", office.agent())
    hear(office.database, ended("a1"))
    answer = office.agent().post(f"{BASE}/applications", json={"procedure": "open-shop", "form": FORM})
    assert refused(answer) == (403, "outside-scope")


def test_the_same_key_means_another_thing_for_another_principal(office: Acting) -> None:
    hear(office.database, granted())
    key, body = {"Idempotency-Key": "k"}, {"procedure": "open-shop", "form": FORM}
    own = office.person(AGENT, level=2).post(f"{BASE}/applications", json=body, headers=key).get_json()
    firms = office.agent().post(f"{BASE}/applications", json=body, headers=key).get_json()
    assert own["application_no"] != firms["application_no"]


def test_who_is_not_known_well_enough_is_told_where_to_change_that(office: Acting) -> None:
    strict = dataclasses.replace(procedure(), code="strict", minimum_level=2)
    office.catalogue(published(strict), first=50)
    low, high = office.person("acc-1", level=1), office.person("acc-1", level=2)
    answer = low.post(f"{BASE}/applications", json={"procedure": "strict", "form": FORM})
    assert refused(answer) == (403, "level-needed")
    body = answer.get_json()
    assert (body["needed"], body["level"], body["raise_at"]) == (2, 1, "/me/real-name")
    draft = low.post(f"{BASE}/drafts", json={"procedure": "strict", "prefill": False})
    path = f"{BASE}/drafts/{draft.get_json()['draft_id']}"
    saved = low.patch(path, json={"answers": FORM}, headers={"If-Match": draft.headers["ETag"]})
    tag = {"If-Match": saved.headers["ETag"]}
    assert refused(low.post(f"{path}/submit", headers=tag)) == (403, "level-needed")
    assert low.get(path).get_json()["answers"] == FORM
    assert high.post(f"{path}/submit", headers=tag).status_code == 201


@pytest.mark.parametrize("level", [-1, 4, "2", True, 2.0])
def test_a_token_with_an_impossible_level_proves_nothing(office: Acting, level: Any) -> None:
    assert office.person("acc-1", level=level).get(f"{BASE}/applications").status_code == 401


def test_an_open_stream_ends_within_seconds_when_the_agency_does(office: Acting) -> None:
    from chassis.agencies import acting
    from chassis.auth import Verifier
    from chassis.trust import Keyring

    hear(office.database, granted())
    keyring = Keyring(office.database)
    who = Verifier(keyring).verify(office.mint.token(AGENT))
    with office.database.read() as session:
        firm = acting(AGENT, FIRM, datetime.now(UTC), session)
    feed = Feed(office.database, keyring, heartbeat=0.2)
    stream = feed.stream({"account:firm-1"}, caller=dataclasses.replace(who, acting=firm))
    next(stream)
    hear(office.database, ended())
    began = time.monotonic()
    messages = list(stream)
    assert messages[-1].startswith(b"event: signed-out")
    assert time.monotonic() - began < 5
    feed.close()
    assert feed._listener is not None
    feed._listener.join(5)


def test_an_agent_reads_at_approval_what_the_firm_may_read(tmp_path: Path) -> None:
    database = memory_database("approval", tmp_path, approval_orm.metadata)
    bureau = Bureau(database)
    bureau.accept(restaurant())
    owner = "acc-1"
    known = {"firm": owner, "agent": AGENT, "role": "agent", "granted_at": datetime.now(UTC)}
    agent = bureau.person(AGENT)
    agent.environ_base[f"HTTP_{ACTING_FOR.upper().replace('-', '_')}"] = owner
    paths = [f"/api/approval/{what}/{CASE}" for what in ("cases", "corrections")]
    for path in paths:
        assert refused(agent.get(path)) == (403, "not-your-firm")
    hear(database, AgencyGranted(agency_id="b1", items=("another",), **known))  # type: ignore[arg-type]
    for path in paths:
        assert refused(agent.get(path)) == (403, "outside-scope")
    hear(database, AgencyGranted(agency_id="b2", items=(restaurant().code,), **known))  # type: ignore[arg-type]
    for path in paths:
        assert agent.get(path).status_code == 200
        assert refused(bureau.person(AGENT).get(path)) == (404, "not-found")
    database.close()


def test_a_case_keeps_who_filed_it_through_its_life(office: Acting) -> None:
    hear(office.database, granted())
    number = office.file("desk-shop", office.agent())
    desk = office.staff("acceptance_clerk", "SJ")
    assert desk.get(f"{BASE}/acceptance").get_json()["items"][0]["filed_by"] == AGENT
    assert desk.post(f"{BASE}/applications/{number}/accept").get_json()["filed_by"] == AGENT
    with office.database.read() as session:
        assert session.get_one(Application, number).filed_by == AGENT
