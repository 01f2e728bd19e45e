"""Known data in forms, over HTTP, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from sqlalchemy import select

from chassis.database import Database
from contracts import approval
from contracts.procedure import Procedure
from services.intake import papers
from services.intake.web.means import NAME
from tests.unit.intake.helpers import Approval, branch, procedure
from tests.unit.intake.office import BASE, Office, published, raw
from tests.unit.intake.paper_shop import ID_NUMBER, Applicant, paper_shop

FIRM_CODE = "91329982MA9A00045Y"


@pytest.fixture
def office(intake_database: Database) -> Office:
    made = Office(intake_database)
    made.catalogue(published(paper_shop()), published(register()), first=10)
    return made


class FakeIdentity(BaseAdapter):
    """Answers for identity in this process."""

    def __init__(self, about: dict[str, Any] | None):
        super().__init__()
        self.about = about
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        self.asked.append(request)
        answer = requests.Response()
        answer.status_code = 200 if self.about is not None else 503
        answer._content = json.dumps(self.about or {}).encode()
        return answer

    def close(self) -> None: ...


def identity(office: Office, **about: Any) -> FakeIdentity:
    person = {"kind": "person", "display_name": "沈佳禾", "id_number": ID_NUMBER, "credit_code": None}
    fake = FakeIdentity(person | about)
    office.app.extensions[NAME].identity.http.mount("http://", fake)
    return fake


def register() -> Procedure:
    """Registering a company: it brings a business licence."""
    shown = {"type": "string", "x-prefill": "business_licence"}
    return procedure(
        code="register",
        branches=(branch("register", "SJ", fields=("company_name",), issues="business-licence"),),
        form={
            "type": "object",
            "required": ["company_name"],
            "properties": {
                "company_name": shown,
                "registered_address": shown,
                "agent_name": {"type": "string", "x-prefill": "name"},
                "agent_mobile": {"type": "string", "x-prefill": "mobile"},
            },
        },
    )


def known_shop(**more: Any) -> Procedure:
    """A form that can be filled in."""
    text = {"type": "string", "maxLength": 40}
    return procedure(
        code="known-shop",
        branches=(branch("food", "SJ"),),
        form={
            "type": "object",
            "properties": {
                "company_name": text | {"x-prefill": "business_licence"},
                "credit_code": text | {"x-prefill": "business_licence", "format": "cn-credit-code"},
                "registered_address": text | {"x-prefill": "business_licence"},
                "agent_name": text | {"x-prefill": "name"},
                "agent_id": text | {"x-prefill": "id_number", "format": "cn-id-number"},
                "agent_mobile": text | {"x-prefill": "mobile"},
                "area": {"type": "number"},
            },
        }
        | more,
    )


def test_known_data_are_filled_in_with_their_origin_and_the_use_is_written_down(office: Office) -> None:
    office.catalogue(published(known_shop()), first=50)
    asked = identity(office).asked
    me = Applicant(office.applicant, "known-shop", prefill=True)
    assert me.draft["answers"] == {"agent_name": "沈佳禾", "agent_id": ID_NUMBER}
    origin = {"source": "account", "zh": "您的实名信息", "en": "your verified account"}
    assert me.draft["origins"] == {"agent_name": origin, "agent_id": origin}
    assert asked[0].url == "http://identity/api/identity/me/data?purpose=prefill"
    assert str(asked[0].headers["Authorization"]).startswith("Bearer ")
    with office.database.read() as session:
        (use,) = session.execute(select(papers.data_use)).all()
    assert (use.account_id, use.reader, use.purpose, use.consent) == (
        "acc-1",
        "acc-1",
        "prefill",
        "asked_for",
    )
    assert (use.procedure, use.fields, use.sources) == ("known-shop", ["agent_id", "agent_name"], ["account"])
    me.save(agent_name="沈家禾")
    assert me.draft["origins"].keys() == {"agent_id"}
    assert ID_NUMBER not in raw(office.database, "draft") + raw(office.database, "data_use")


def test_nothing_is_filled_in_that_nobody_asked_for(office: Office) -> None:
    office.catalogue(published(known_shop()), first=50)
    fake = identity(office)
    assert Applicant(office.applicant, "known-shop").draft["answers"] == {}
    assert (fake.asked, office.count(papers.data_use)) == ([], 0)


def test_a_firms_data_come_from_its_account_and_the_licence_its_founder_was_given(office: Office) -> None:
    office.catalogue(published(known_shop()), first=50)
    identity(office)
    licensed(office, filed_register(office))
    identity(office, kind="firm", display_name="江塘禾记餐饮有限公司", id_number=None, credit_code=FIRM_CODE)
    me = Applicant(office.person("acc-heji", "firm"), "known-shop", prefill=True)
    assert me.draft["answers"] == {
        "company_name": "江塘禾记餐饮有限公司",
        "credit_code": FIRM_CODE,
        "registered_address": "学府路 21 号",
    }
    assert {o["zh"] for o in me.draft["origins"].values()} == {"营业执照"}


def test_a_persons_own_licence_fills_in_later_forms_but_never_another_registration(office: Office) -> None:
    office.catalogue(published(known_shop()), first=50)
    identity(office)
    licensed(office, filed_register(office))
    found = office.applicant.get(f"{BASE}/prefill/known-shop").get_json()
    values = {i["field"]: (i["value"], i["origin"]["source"]) for i in found["items"]}
    assert values["registered_address"] == ("学府路 21 号", "business_licence")
    assert values["credit_code"] == (FIRM_CODE, "business_licence")
    assert values["agent_name"] == ("沈佳禾", "account")
    assert values["agent_mobile"] == ("10012345678", "earlier_application")
    again = office.applicant.get(f"{BASE}/prefill/register").get_json()
    assert {i["field"] for i in again["items"]} == {"agent_name", "agent_mobile"}
    others = office.person("acc-2").get(f"{BASE}/prefill/known-shop").get_json()
    assert {i["field"] for i in others["items"]} == {"agent_name", "agent_id"}


def test_what_does_not_fit_the_form_is_not_filled_in(office: Office) -> None:
    office.catalogue(published(known_shop()), first=50)
    identity(office, display_name="长" * 50, id_number="329982199504183022")
    assert office.applicant.get(f"{BASE}/prefill/known-shop").get_json()["items"] == []


def test_without_identity_people_fill_in_by_hand(office: Office) -> None:
    office.catalogue(published(known_shop()), first=50)
    office.app.extensions[NAME].identity.http.mount("http://", FakeIdentity(None))
    assert Applicant(office.applicant, "known-shop", prefill=True).draft["answers"] == {}


def filed_register(office: Office) -> str:
    form = {
        "company_name": "江塘禾记餐饮有限公司",
        "registered_address": "学府路 21 号",
        "agent_name": "沈佳禾",
        "agent_mobile": "10012345678",
    }
    answer = office.applicant.post(f"{BASE}/applications", json={"procedure": "register", "form": form})
    assert answer.status_code == 201, answer.text
    number: str = answer.get_json()["application_no"]
    return number


def licensed(office: Office, number: str) -> None:
    """The case ends with a business licence."""
    told = Approval((), number, datetime.now(UTC))
    told.say(
        approval.LicenceIssued(
            application_no=number,
            branch_no=f"{number}-01",
            item="register",
            licence_type="business-licence",
            licence_no="L-1",
            results={"credit_code": FIRM_CODE},
            issued_at=told.now,
        )
    )
    office.say(told.story)
