"""Spaces over HTTP: certificates, what is known for a form, consents, who read what; and the firm's space."""

from __future__ import annotations

import json
import shutil
import time
from base64 import urlsafe_b64decode as b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from requests.adapters import BaseAdapter
from sqlalchemy import select, update

from chassis.config import Config
from chassis.database import Database
from chassis.fakes.database import deliver, envelope, events_of
from chassis.fakes.web import client
from contracts import approval, intake
from contracts.identity import AccountOpened, CertificateChanged
from contracts.intake import DossierRead
from services.identity import orm
from services.identity.filling import Filler
from services.identity.handlers import library, readings
from services.identity.orm.space import certificate
from tests.unit.identity.spaces import BASE, NOW, City, prepared

CREDIT_CODE = "91329982MA9A00053R"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Config:
    made = prepared(tmp_path_factory.mktemp("template"))
    made.close()
    return made.config


@pytest.fixture
def database(template: Config, tmp_path: Path) -> Iterator[Database]:
    """A copy of its own for each test."""
    shutil.copy(template.database_url.removeprefix("sqlite:///"), tmp_path / "identity.sqlite")
    made = Database(replace(template, database_url=f"sqlite:///{tmp_path}/identity.sqlite"))
    yield made
    made.close()


@pytest.fixture
def city(database: Database) -> City:
    return City(database)


def certificates(who: FlaskClient) -> dict[str, dict[str, Any]]:
    answer = who.get(f"{BASE}/certificates")
    assert answer.status_code == 200, answer.text
    return {c["certificate_id"]: c for c in answer.get_json()["items"]}


def known(who: FlaskClient, purpose: str = "prefill", materials: Any = ("m01", "m03"), **fields: Any) -> Any:
    body = {"purpose": purpose, "procedure": "new-company", "fields": fields, "materials": list(materials)}
    return who.post(f"{BASE}/known", json=body)


def read_list(who: FlaskClient, **query: Any) -> Any:
    answer = who.get(f"{BASE}/readings", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_a_person_sees_her_certificates_the_next_to_end_first(city: City) -> None:
    found = certificates(city.as_("shenjiahe"))
    assert next(iter(found)) == "sample-shen-m09"
    health = found["sample-shen-m09"]
    assert (health["days_left"], health["soon"], health["state"]) == (25, True, "valid")
    assert health["issuer_name"]["zh"] != "WJ"
    identity_card = found["sample-shen-m01"]
    assert (identity_card["code"], identity_card["number"]) == ("m01", "3299**********3021")
    assert found["sample-shen-m22"]["state"] == "expired"
    assert list(found)[-1] == "sample-shen-m22"


def test_superseded_and_revoked_ones_are_told_apart(city: City) -> None:
    found = {k: c["state"] for k, c in certificates(city.as_("jindun")).items()}
    assert found == {
        "sample-jindun-m03": "valid",
        "sample-jindun-m26": "revoked",
        "sample-jindun-m03-old": "superseded",
    }


def test_numbers_and_contents_lie_sealed(city: City) -> None:
    with city.database.writer.connect() as connection:
        lying = repr(connection.exec_driver_sql("SELECT * FROM certificate").all())
    for secret in ("329982199504183021", "沈佳禾", "RS329982000381", "东塔路 8 号"):
        assert secret not in lying


def test_what_is_known_for_a_form_comes_with_its_origin_and_is_written_down(city: City) -> None:
    who = city.as_("shenjiahe")
    found = known(who, agent_name="name", agent_id="id_number", applicant_name=None, area=None).get_json()
    values = {i["field"]: (i["value"], i["origin"]["zh"]) for i in found["items"]}
    assert values == {
        "agent_name": ("沈佳禾", "您的实名信息"),
        "agent_id": ("329982199504183021", "您的实名信息"),
        "applicant_name": ("沈佳禾", "居民身份证"),
    }
    assert [c["code"] for c in found["certificates"]] == ["m01"]
    items = read_list(who)["items"]
    assert {(i["reader"], i["what"], i["purpose"]) for i in items} == {
        ("self", "account", "prefill"),
        ("self", "certificate", "prefill"),
    }
    assert {i["procedure"]["zh"] for i in items} == {"新设企业"}
    assert all("沈佳禾" not in json.dumps(i, ensure_ascii=False) for i in items)


def test_a_firms_licence_fills_in_and_what_is_no_longer_valid_does_not(city: City) -> None:
    wanted = {"company_name": "business_licence", "registered_address": "business_licence"}
    found = known(city.as_("jindun"), materials=(), **wanted).get_json()
    assert {i["value"] for i in found["items"]} == {"江塘锦墩纺织有限公司", "江塘市锦沙镇十三圩村"}
    assert {i["origin"]["zh"] for i in found["items"]} == {"营业执照"}
    driver = known(city.as_("shenjiahe"), materials=("m22",), licence_class=None).get_json()
    assert driver["items"] == []


def test_for_reuse_only_certificates_are_told_and_no_value_is_read(city: City) -> None:
    who = city.as_("shenjiahe")
    found = known(who, "reuse", applicant_name=None).get_json()
    assert (found["items"], [c["code"] for c in found["certificates"]]) == ([], ["m01"])
    assert "contents" not in found["certificates"][0]
    assert read_list(who)["items"] == []


def test_consent_is_recorded_by_matter_and_certificate_and_may_be_taken_back(city: City) -> None:
    who = city.as_("shenjiahe")
    body = {"matter": "draft-1", "procedure": "new-company", "certificates": {"sample-shen-m01": True}}
    used = who.post(f"{BASE}/known/consents", json=body).get_json()["items"]
    assert [(u["number"], u["contents"]["applicant_name"]) for u in used] == [
        ("329982199504183021", "沈佳禾")
    ]
    (seen,) = [i for i in read_list(who)["items"] if i["purpose"] == "reuse"]
    assert (seen["what"], seen["purpose"], seen["detail"]["zh"]) == ("certificate", "reuse", "居民身份证")
    again = who.post(f"{BASE}/known/consents", json=body | {"certificates": {"sample-shen-m01": False}})
    assert again.get_json() == {"items": []}
    with city.database.read() as session:
        (row,) = session.execute(select(orm.certificate_consent)).all()
    assert (row.given, row.purpose, row.holder) == (False, "reuse", city.id_of("shenjiahe"))


def test_consent_to_an_expired_one_lets_nobody_read_it_and_anothers_is_unknown(city: City) -> None:
    who = city.as_("shenjiahe")
    body = {"matter": "d", "procedure": "x", "certificates": {"sample-shen-m22": True}}
    assert who.post(f"{BASE}/known/consents", json=body).get_json() == {"items": []}
    other = body | {"certificates": {"sample-jindun-m03": True}}
    answer = who.post(f"{BASE}/known/consents", json=other)
    assert (answer.status_code, answer.get_json()["type"]) == (404, "unknown-certificate")


def test_who_read_what_is_shown_by_office_never_by_officer(city: City) -> None:
    mine = city.id_of("shenjiahe")
    officer = city.as_("luming")
    for _ in range(2):
        assert officer.get(f"{BASE}/accounts/names?ids={mine}").status_code == 200
    read = DossierRead(applicant=mine, application_no="SJ1", branch_no="SJ1-01", department="GA", read_at=NOW)
    deliver(city.database, readings.follow, [envelope(read, sequence=1, time=NOW)])
    items = read_list(city.as_("shenjiahe"))["items"]
    assert [(i["reader"], i["what"], i["times"], i["application_no"]) for i in items] == [
        ("SJ", "name", 2, None),
        ("GA", "dossier", 1, "SJ1"),
    ]
    said = json.dumps(items, ensure_ascii=False)
    assert "公安局" in said and "陆明远" not in said and city.id_of("luming") not in said


def test_readings_come_page_by_page(city: City) -> None:
    mine = city.id_of("shenjiahe")
    events = [
        DossierRead(
            applicant=mine,
            application_no=f"SJ{n}",
            branch_no=f"SJ{n}-01",
            department="SJ",
            read_at=NOW + timedelta(minutes=n // 2),
        )
        for n in range(45)
    ]
    deliver(city.database, readings.follow, [envelope(e, sequence=1, time=NOW) for e in events], batch=50)
    who, cursor, seen = city.as_("shenjiahe"), None, []
    for size in (20, 20, 5):
        page = read_list(who, **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) == size
        seen += [i["application_no"] for i in page["items"]]
        cursor = page["next"]
    assert (cursor, len(set(seen))) == (None, 45)
    for bad in ("moon", "x" * 201, "bW9vbg=="):
        assert who.get(f"{BASE}/readings?cursor={bad}").status_code == 422


def test_a_department_revokes_what_it_issued_and_says_so(city: City) -> None:
    path = f"{BASE}/certificates/sample-heji-m03/revocation"
    assert city.as_("officer-ga").post(path).status_code == 404
    assert city.as_("officer-sj").post(path).status_code == 204
    assert certificates(city.as_("heji"))["sample-heji-m03"]["state"] == "revoked"
    said = [e.event for e in events_of(city.database, CertificateChanged)]
    ended = [e for e in said if isinstance(e, CertificateChanged) and e.state == "revoked"]
    assert "sample-heji-m03" in {e.certificate_id for e in ended}
    assert city.as_("officer-sj").post(f"{BASE}/certificates/moon/revocation").status_code == 404


GET, POST = "GET", "POST"


@pytest.mark.parametrize(
    ("method", "path", "body", "wrong"),
    [
        (GET, "/certificates", None, "luming"),
        (GET, "/readings", None, "dept-sj"),
        (POST, "/known", {"purpose": "prefill", "procedure": "x"}, "luming"),
        (POST, "/known/consents", {"matter": "d", "procedure": "x", "certificates": {}}, "dept-sj"),
        (POST, "/certificates/sample-heji-m03/revocation", None, "heji"),
    ],
)
def test_each_endpoint_is_for_whom_it_is_declared(
    city: City, method: str, path: str, body: Any, wrong: str
) -> None:
    def status(who: FlaskClient) -> int:
        return who.open(BASE + path, method=method, json=body).status_code

    assert status(city.nobody()) == 401
    assert status(city.as_("shenjiahe", issued_at=time.time() - 3600)) == 401
    assert status(city.as_(wrong)) == 403


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("/known", {}, {"purpose", "procedure"}),
        ("/known", {"purpose": "curiosity", "procedure": "x y", "moon": 1}, {"purpose", "procedure", "moon"}),
        ("/known", {"purpose": "reuse", "procedure": "x", "materials": ["", "m 1"]}, {"materials.0"}),
        ("/known", {"purpose": "reuse", "procedure": "x", "fields": ["a"]}, {"fields"}),
        ("/known/consents", {}, {"matter", "procedure", "certificates"}),
        ("/known/consents", {"matter": "", "procedure": "x", "certificates": {}}, {"matter"}),
    ],
)
def test_bad_input_names_every_wrong_field(city: City, path: str, body: Any, fields: set[str]) -> None:
    answer = city.as_("shenjiahe").post(BASE + path, json=body)
    assert answer.status_code == 422
    errors = answer.get_json()["errors"]
    assert fields <= {e["field"] for e in errors}
    assert all(e["zh"] and e["en"] for e in errors)


class FakeIntake(BaseAdapter):
    """Answers for intake about one licence, once it has heard of it."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Any] | None = None
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        self.asked.append(request)
        answer = requests.Response()
        answer.status_code = 200 if self.fields is not None else 404
        answer._content = json.dumps({"branch_no": "x", "fields": self.fields}).encode()
        return answer

    def close(self) -> None: ...


def licence_events(applicant: str, code: str = CREDIT_CODE) -> list[Any]:
    number = "SJ20260302000001X"
    accepted = intake.ApplicationAccepted(
        application_no=number,
        procedure="new-company",
        version=1,
        applicant=applicant,
        branches=("company-registration",),
        by="rule",
        accepted_at=NOW,
    )
    issued = approval.LicenceIssued(
        application_no=number,
        branch_no=f"{number}-01",
        item="company-registration",
        licence_type="business-licence",
        licence_no=f"{number}01",
        results={"credit_code": code},
        issued_at=NOW,
    )
    return [envelope(issued, sequence=9, time=NOW), envelope(accepted, sequence=2, time=NOW)]


def test_a_business_licence_founds_the_firms_space(city: City) -> None:
    founder = city.id_of("shenjiahe")
    assert deliver(city.database, library.follow, licence_events(founder)) == []
    mine = certificates(city.as_("shenjiahe"))["SJ20260302000001X01"]
    assert (mine["code"], mine["title"]["zh"], mine["state"]) == ("m03", "营业执照", "valid")

    http, fake = requests.Session(), FakeIntake()
    http.mount("http://", fake)
    filler = Filler(city.database, http)
    assert filler.step() == 0.0  # intake has not heard of the licence yet
    assert filler.step() > 0
    with city.database.transaction() as uow:
        uow.session.execute(update(certificate).values(contents_due_at=None))
        uow.session.execute(
            update(certificate)
            .where(certificate.c.certificate_id == "SJ20260302000001X01")
            .values(contents_due_at=uow.now)
        )
    fake.fields = {"company_name": "江塘禾塘餐饮有限公司", "registered_address": "学府路 30 号"}
    assert filler.step() == 0.0
    token = str(fake.asked[-1].headers["Authorization"]).removeprefix("Bearer ")
    claims = json.loads(b64decode(token.split(".")[1] + "=="))
    assert (claims["kind"], claims["roles"]) == ("machine", ["certificate_library"])
    asked = str(fake.asked[-1].url)
    assert asked.startswith("http://intake/api/intake/licences/SJ20260302000001X-01?fields=company_name")
    opened = events_of(city.database, AccountOpened)[-1].event
    assert isinstance(opened, AccountOpened) and opened.kind == "firm"
    with city.database.read() as session:
        t = orm.account.c
        firm = session.execute(select(orm.account).where(t.account_id == opened.account_id)).one()
    assert (firm.credit_code, firm.display_name) == (CREDIT_CODE, "江塘禾塘餐饮有限公司")
    assert "SJ20260302000001X01" not in certificates(city.as_("shenjiahe"))
    firm_client = client(city.app, city.mint.token(firm.account_id, kind="firm"))
    assert certificates(firm_client)["SJ20260302000001X01"]["state"] == "valid"
    wanted = {"registered_address": "business_licence", "credit_code": "business_licence"}
    values = {i["field"]: i["value"] for i in known(firm_client, **wanted).get_json()["items"]}
    assert values == {"registered_address": "学府路 30 号", "credit_code": CREDIT_CODE}
    assert filler.step() > 0, "asked once"


def test_a_wrong_credit_code_founds_no_firm_and_the_licence_stays_with_its_applicant(city: City) -> None:
    deliver(city.database, library.follow, licence_events(city.id_of("shenjiahe"), "91329982MA9A00053T"))
    with city.database.transaction() as uow:
        library.fill("SJ20260302000001X01", {"company_name": "江塘禾塘餐饮有限公司"}, uow)
    assert "SJ20260302000001X01" in certificates(city.as_("shenjiahe"))


def test_the_same_holds_on_postgresql(tmp_path: Path, postgres: Any) -> None:
    address = postgres.create_database(f"space_{tmp_path.parent.name}"[-60:])
    made = prepared(tmp_path, database_url=address)
    try:
        city = City(made)
        test_superseded_and_revoked_ones_are_told_apart(city)
        test_readings_come_page_by_page(city)
        test_consent_is_recorded_by_matter_and_certificate_and_may_be_taken_back(city)
        test_a_business_licence_founds_the_firms_space(city)
    finally:
        made.close()
