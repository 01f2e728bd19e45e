"""Known data and certificates in forms, over HTTP, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from chassis.database import Database
from chassis.fakes.database import envelope
from contracts import approval
from contracts.identity import CertificateChanged
from contracts.intake import CertificatesUsed, DossierRead
from contracts.procedure import Procedure
from services.intake import papers
from services.intake.handlers import certificates
from tests.unit.intake.fake_identity import FakeIdentity, held, identity
from tests.unit.intake.helpers import FORM, Approval, branch, procedure
from tests.unit.intake.office import BASE, Office, published, raw
from tests.unit.intake.paper_shop import ID_NUMBER, Applicant, paper_shop, spec

FIRM_CODE = "91329982MA9A00045Y"
ACCOUNT = {"source": "account", "zh": "您的实名信息", "en": "your verified account"}
LICENCE = {"source": "certificate", "zh": "营业执照", "en": "Business licence"}


@pytest.fixture
def office(intake_database: Database) -> Office:
    made = Office(intake_database)
    made.catalogue(published(paper_shop()), published(register()), first=10)
    return made


def person(office: Office) -> FakeIdentity:
    fake = identity(office)
    fake.known = {"agent_name": ("沈佳禾", ACCOUNT), "agent_id": (ID_NUMBER, ACCOUNT)}
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
        branches=(branch("food", "SJ", materials=("m03",)),),
        materials=(spec("m03", "reuse", licence_type="business-licence"),),
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
    asked = person(office).asked
    me = Applicant(office.applicant, "known-shop", prefill=True)
    assert me.draft["answers"] == {"agent_name": "沈佳禾", "agent_id": ID_NUMBER}
    assert me.draft["origins"] == {"agent_name": ACCOUNT, "agent_id": ACCOUNT}
    assert asked[0].url == "http://identity/api/identity/known"
    assert str(asked[0].headers["Authorization"]).startswith("Bearer ")
    body = json.loads(asked[0].body or b"")
    assert (body["purpose"], body["procedure"], body["materials"]) == ("prefill", "known-shop", ["m03"])
    assert (body["fields"]["agent_name"], body["fields"]["area"]) == ("name", None)
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
    fake = person(office)
    assert Applicant(office.applicant, "known-shop").draft["answers"] == {}
    assert (fake.asked, office.count(papers.data_use)) == ([], 0)


def test_what_the_licence_says_fills_in_later_forms_but_never_another_registration(office: Office) -> None:
    office.catalogue(published(known_shop()), first=50)
    fake = person(office)
    fake.known |= {"credit_code": (FIRM_CODE, LICENCE), "registered_address": ("学府路 21 号", LICENCE)}
    filed_register(office)
    found = office.applicant.get(f"{BASE}/prefill/known-shop").get_json()
    values = {i["field"]: (i["value"], i["origin"]["source"]) for i in found["items"]}
    assert values["registered_address"] == ("学府路 21 号", "certificate")
    assert values["credit_code"] == (FIRM_CODE, "certificate")
    assert values["agent_name"] == ("沈佳禾", "account")
    assert values["agent_mobile"] == ("10012345678", "earlier_application")
    again = office.applicant.get(f"{BASE}/prefill/register").get_json()
    assert {i["field"] for i in again["items"]} == {"agent_name", "agent_mobile"}
    assert "company_name" not in json.loads(fake.asked[-1].body or b"")["fields"]
    others = office.person("acc-2").get(f"{BASE}/prefill/known-shop").get_json()
    assert "agent_mobile" not in {i["field"] for i in others["items"]}


def test_what_does_not_fit_the_form_is_not_filled_in(office: Office) -> None:
    office.catalogue(published(known_shop()), first=50)
    identity(office).known = {
        "agent_name": ("长" * 50, ACCOUNT),
        "agent_id": ("329982199504183022", ACCOUNT),
        "moon": ("x", ACCOUNT),
    }
    assert office.applicant.get(f"{BASE}/prefill/known-shop").get_json()["items"] == []


def test_without_identity_people_fill_in_by_hand(office: Office) -> None:
    office.catalogue(published(known_shop()), first=50)
    person(office).away = True
    me = Applicant(office.applicant, "known-shop", prefill=True)
    assert me.draft["answers"] == {}
    assert certificates_of(me) == {"library": False, "items": []}


def test_a_certificate_is_used_with_consent_and_goes_to_the_department_that_needs_it(office: Office) -> None:
    identity(office).certificates = {"held": held()}
    me = Applicant(office.applicant)
    (offered,) = certificates_of(me)["items"]
    assert (offered["code"], offered["given"], offered["number"]) == ("held", None, None)
    agreed = agree(me, held=True)
    assert agreed.get_json()["items"][0]["number"] == "M-01"
    assert me.slots()["held"]["state"] == "from_library"
    number = me.file()
    (used,) = office.said(CertificatesUsed)
    assert isinstance(used, CertificatesUsed)
    assert (used.application_no, used.applicant) == (number, "acc-1")
    assert [(c.material, c.certificate_id) for c in used.certificates] == [("held", "cert-held")]
    seen = dossier(office, number)["certificate"]
    assert (seen["number"], seen["contents"], seen["state"]) == ("M-01", {"company_name": "禾记"}, "valid")
    (read,) = office.said(DossierRead)
    assert isinstance(read, DossierRead)
    assert (read.applicant, read.department, read.branch_no) == ("acc-1", "SJ", f"{number}-01")
    assert "M-01" not in raw(office.database, "certificate_use")


def test_without_consent_nothing_is_read_and_the_material_is_asked_for(office: Office) -> None:
    identity(office).certificates = {"held": held()}
    me = Applicant(office.applicant)
    certificates_of(me)
    assert me.upload("held").status_code == 404
    assert agree(me, held=False).get_json()["items"][0]["given"] is False
    slot = me.slots()["held"]
    assert (slot["state"], slot["formats"], slot["certificate"]["number"]) == (
        "empty",
        ["pdf", "jpg", "png"],
        None,
    )
    me.save(**FORM)
    for code in ("plan", "report"):
        me.upload(code)
    refused = me.submit()
    assert (refused.status_code, [e["field"] for e in refused.get_json()["errors"]]) == (
        422,
        ["materials.held"],
    )
    assert me.upload("held").status_code == 201
    answer = me.submit()
    assert answer.status_code == 201, answer.text
    seen = dossier(office, answer.get_json()["application_no"])
    assert (seen["file"]["file_name"], seen["certificate"]["contents"]) == ("图.pdf", None)
    assert office.said(CertificatesUsed) == []


def test_who_was_not_asked_files_as_before_and_nothing_is_read(office: Office) -> None:
    identity(office).certificates = {"held": held()}
    me = Applicant(office.applicant)
    certificates_of(me)
    number = me.file()
    assert dossier(office, number)["certificate"] is None
    assert (office.said(CertificatesUsed), office.count(papers.certificate_use)) == ([], 0)


def test_a_certificate_that_ends_is_shown_so_at_acceptance_and_decision(office: Office) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date()
    identity(office).certificates = {"held": held()}
    me = Applicant(office.applicant)
    certificates_of(me)
    agree(me, held=True)
    number = me.file()
    stands = [changed("revoked", 3), changed("valid", 2)]
    office.say(stands, certificates.follow)
    assert dossier(office, number)["certificate"]["state"] == "revoked"
    office.say([changed("valid", 4, valid_until=yesterday)], certificates.follow)
    assert dossier(office, number)["certificate"]["state"] == "expired"


@pytest.mark.parametrize(
    ("state", "ended", "said"),
    [("revoked", None, "已被撤销"), ("superseded", None, "已换发新证"), ("valid", 2, "已过期")],
)
def test_a_certificate_that_ended_before_filing_is_refused_with_why(
    office: Office, state: str, ended: int | None, said: str
) -> None:
    identity(office).certificates = {"held": held()}
    me = Applicant(office.applicant)
    certificates_of(me)
    agree(me, held=True)
    me.save(**FORM)
    for code in ("plan", "report"):
        me.upload(code)
    until = (datetime.now(UTC) - timedelta(days=ended)).date() if ended else None
    office.say([changed(state, 2, valid_until=until)], certificates.follow)
    answer = me.submit()
    (wrong,) = answer.get_json()["errors"]
    assert (answer.status_code, wrong["field"]) == (422, "materials.held")
    assert said in wrong["zh"] and "renew" in wrong["en"]
    office.say([changed("valid", 3)], certificates.follow)
    assert me.submit().status_code == 201


def test_consents_are_the_drafts_owners_to_give(office: Office) -> None:
    fake = identity(office)
    fake.certificates = {"held": held()}
    me = Applicant(office.applicant)
    certificates_of(me)
    path = f"{me.path}/certificates"
    other = office.person("acc-2")
    assert other.get(path).status_code == 404
    assert other.put(path, json={"certificates": {"held": True}}).status_code == 404
    assert office.staff("officer", "SJ").get(path).status_code == 403
    assert office.app.test_client().get(path).status_code == 401
    assert agree(me, moon=True).status_code == 404
    for wrong in ({}, {"certificates": {"held": "yes"}}, {"certificates": {}, "x": 1}):
        assert me.who.put(path, json=wrong).status_code == 422
    fake.away = True
    assert agree(me, held=True).get_json()["library"] is False
    fake.away = False
    agree(me, held=True)
    me.file()
    assert agree(me, held=False).status_code == 409


def test_the_library_reads_what_stands_on_a_licence_and_nobody_else(office: Office) -> None:
    number = filed_register(office)
    library = office.person("service.identity", "machine", roles=["certificate_library"])
    path = f"{BASE}/licences/{number}-01?fields=company_name,agent_mobile"
    assert library.get(path).status_code == 404
    licensed(office, number)
    answer = library.get(path)
    assert answer.get_json() == {
        "branch_no": f"{number}-01",
        "fields": {"company_name": "江塘禾记餐饮有限公司"},
    }
    assert library.get(f"{BASE}/licences/{number}-01").status_code == 422
    assert office.applicant.get(path).status_code == 403
    assert office.staff("officer", "SJ").get(path).status_code == 403
    assert office.app.test_client().get(path).status_code == 401


def changed(state: Any, sequence: int, **more: Any) -> Any:
    event = CertificateChanged(
        certificate_id="cert-held",
        holder="acc-1",
        licence_type="business-licence",
        state=state,
        valid_until=more.get("valid_until"),
        changed_at=datetime.now(UTC),
    )
    return envelope(event, sequence=sequence, time=datetime.now(UTC))


def certificates_of(me: Applicant) -> dict[str, Any]:
    answer = me.who.get(f"{me.path}/certificates")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def agree(me: Applicant, **decided: bool) -> Any:
    return me.who.put(f"{me.path}/certificates", json={"certificates": decided})


def dossier(office: Office, number: str) -> dict[str, Any]:
    """The held material as the food branch's department sees it."""
    if not office.row(number).case.branches:
        told = Approval(("food",), number, datetime.now(UTC))
        told.open_case()
        office.say(told.story)
    answer = office.staff("officer", "SJ").get(f"{BASE}/dossiers/{number}-01")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = next(m for m in answer.get_json()["materials"] if m["code"] == "held")
    return found


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
    state = approval.BranchState(
        branch_no=f"{number}-01",
        key="register",
        item="register",
        department="SJ",
        kind="decide",
        required=True,
        status="answered",
    )
    told.branches = {"register": state}
    told.open_case()
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
