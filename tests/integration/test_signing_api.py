"""Everybody concerned signs the same version, then it is filed; any change begins anew."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from chassis.database import Database
from chassis.fakes.web import client
from contracts.intake import ApplicationSubmitted, DossierRead
from services.intake.handlers import signing
from services.intake.signatures import signing_round
from tests.unit.intake.office import BASE, Office, published, raw
from tests.unit.intake.signers import ANSWERS, GU, LU, OWNERS, SHEN, Founders, company


@pytest.fixture
def founders(intake_database: Database) -> Founders:
    return Founders(Office(intake_database))


def answer(founders: Founders, token: str, number: str, account: str, act: str = "sign", **body: Any) -> Any:
    return founders.as_(account, number).post(f"{BASE}/invitations/{token}/{act}", json=body or None)


def test_it_is_filed_when_all_have_signed(founders: Founders) -> None:
    founders.begin()
    before = founders.look()
    assert [s["state"] for s in before["signers"]] == ["to_invite"] * 3
    started = founders.start()
    assert started.status_code == 201, started.text
    assert [s["state"] for s in started.get_json()["signers"]] == ["signed", "invited", "invited"]
    gu, lu = founders.links()
    seen = founders.as_("acc-gu", GU).get(f"{BASE}/invitations/{gu}").get_json()
    assert seen["form"] == ANSWERS and seen["me"]["name"] == "顾阿珍"
    assert [o["name"] for o in seen["others"]] == ["沈佳禾", "陆晓岚"]
    assert answer(founders, gu, GU, "acc-gu").get_json() == {
        "state": "signed",
        "outcome": None,
        "application_no": None,
    }
    done = answer(founders, lu, LU, "acc-lu").get_json()
    assert done["outcome"] == "filed"
    assert [e.applicant for e in founders.office.said(ApplicationSubmitted)] == ["acc-1"]  # type: ignore[attr-defined]
    assert founders.look()["application_no"] == done["application_no"]
    assert founders.said() == ["invited", "invited", "filed"]


def test_the_applicant_alone_needs_no_round(founders: Founders) -> None:
    founders.begin(owners=OWNERS[:1], legal="沈佳禾", legal_id=SHEN)
    filed = founders.shen.post(f"{founders.path}/submit", headers=founders.match)
    assert filed.status_code == 201, filed.text


def test_nobody_files_past_the_others(founders: Founders) -> None:
    founders.begin()
    refused = founders.shen.post(f"{founders.path}/submit", headers=founders.match)
    assert (refused.status_code, refused.get_json()["type"]) == (409, "signatures-needed")
    directly = founders.shen.post(f"{BASE}/applications", json={"procedure": "found", "form": ANSWERS})
    assert (directly.status_code, directly.get_json()["type"]) == (409, "signatures-needed")
    assert founders.office.said(ApplicationSubmitted) == []


def test_a_change_takes_the_signatures_given_away(founders: Founders) -> None:
    founders.begin()
    founders.start()
    gu, lu = founders.links()
    answer(founders, gu, GU, "acc-gu")
    assert founders.save(company_name="江塘新禾记").status_code == 200
    assert founders.said() == ["invited", "invited", "changed"]
    late = answer(founders, lu, LU, "acc-lu")
    assert (late.status_code, late.get_json()["outcome"]) == (409, "changed")
    assert founders.start().status_code == 201
    again = founders.links()
    assert len(again) == 2 and not {gu, lu} & set(again)


def test_saving_the_same_again_leaves_the_round_alone(founders: Founders) -> None:
    founders.begin()
    founders.start()
    founders.save(company_name=ANSWERS["company_name"])
    assert founders.look()["outcome"] is None
    assert founders.start().get_json()["round_id"] == founders.look()["round_id"]


def test_a_new_version_of_the_item_ends_the_round(founders: Founders) -> None:
    founders.begin()
    founders.start()
    gu, _ = founders.links()
    founders.office.catalogue(published(company(version=2)), first=60)
    assert answer(founders, gu, GU, "acc-gu").get_json()["outcome"] == "changed"


def test_an_objection_ends_it_and_the_applicant_reads_why(founders: Founders) -> None:
    founders.begin()
    founders.start()
    gu, lu = founders.links()
    said = answer(founders, gu, GU, "acc-gu", "object", reason="出资比例不对")
    assert said.get_json()["outcome"] == "objected"
    assert [s["reason"] for s in founders.look()["signers"]] == [None, "出资比例不对", None]
    assert answer(founders, lu, LU, "acc-lu").status_code == 409
    assert "出资比例不对" not in raw(founders.office.database, "outbox") + raw(
        founders.office.database, "signer"
    )


def test_only_the_person_named_may_see_or_sign(founders: Founders) -> None:
    founders.begin()
    founders.start()
    gu, _ = founders.links()
    for number, level, problem in ((LU, 2, "another-person"), (GU, 1, "level-too-low")):
        who = founders.as_("acc-x", number, level)
        for method, path in (("GET", ""), ("POST", "/sign")):
            refused = who.open(f"{BASE}/invitations/{gu}{path}", method=method)
            assert (refused.status_code, refused.get_json()["type"]) == (403, problem)
    assert founders.as_("acc-x", GU).get(f"{BASE}/invitations/guess").status_code == 404
    founders.identity.away = True
    assert founders.office.person("acc-gu").post(f"{BASE}/invitations/{gu}/sign").status_code == 503
    founders.identity.away = False
    assert answer(founders, gu, GU, "acc-gu").status_code == 200


def test_guessing_links_ends_in_a_wait(founders: Founders) -> None:
    who = founders.as_("acc-x", GU)
    codes = [who.get(f"{BASE}/invitations/guess-{n}").status_code for n in range(12)]
    assert codes[0] == 404 and codes[-1] == 429


def test_nobody_signs_twice(founders: Founders) -> None:
    founders.begin()
    founders.start()
    gu, _ = founders.links()
    answer(founders, gu, GU, "acc-gu")
    for act, body in (("sign", {}), ("object", {"reason": "不同意"})):
        again = answer(founders, gu, GU, "acc-gu", act, **body)
        assert (again.status_code, again.get_json()["type"]) == (409, "already-answered")


def test_a_link_is_sent_again_and_the_one_before_leads_nowhere(founders: Founders) -> None:
    founders.begin()
    founders.start()
    old = founders.links()[0]
    signer_id = founders.look()["signers"][1]["signer_id"]
    path = f"{founders.path}/signing/{signer_id}/again"
    assert founders.shen.post(path).status_code == 202
    assert answer(founders, old, GU, "acc-gu").status_code == 404
    assert founders.shen.post(path).status_code == 202
    last = founders.shen.post(path)
    assert (last.status_code, last.get_json()["type"]) == (409, "too-many-invitations")
    assert answer(founders, founders.links()[0], GU, "acc-gu").status_code == 200


def test_it_is_taken_back_and_it_expires(founders: Founders) -> None:
    founders.begin()
    founders.start()
    assert founders.shen.delete(f"{founders.path}/signing").status_code == 204
    assert founders.look()["outcome"] == "withdrawn"
    founders.start()
    round_id = founders.look()["round_id"]
    with founders.office.database.transaction() as uow:
        uow.session.execute(update(signing_round).values(expires_at=uow.now - timedelta(seconds=1)))
    with founders.office.database.transaction() as uow:
        signing.expire([round_id], uow)
    assert founders.look()["outcome"] == "expired"
    assert founders.said() == ["invited"] * 2 + ["withdrawn"] + ["invited"] * 2 + ["expired"]


def test_nothing_incomplete_is_sent_round_and_every_phone_is_asked_for(founders: Founders) -> None:
    founders.begin(company_name=None)
    incomplete = founders.start()
    assert [e["field"] for e in incomplete.get_json()["errors"]] == ["form.company_name"]
    founders.save(company_name="江塘禾记")
    missing = founders.start({})
    assert [e["field"] for e in missing.get_json()["errors"]] == ["phones.1", "phones.2"]
    wrong = founders.start({"1": "12"})
    assert wrong.status_code == 422
    assert founders.said() == []


def test_the_last_two_signatures_at_one_moment_file_it_once(founders: Founders) -> None:
    founders.begin()
    founders.start()
    tokens = founders.links()
    database = founders.office.database

    def sign(place: int) -> str:
        from services.intake.handlers import drafts

        def work(uow: Any) -> str:
            return str(drafts.sign(tokens[place], True, f"acc-{place}", 2, uow)[0].outcome)

        return database.write(work)

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(sign, (0, 1)))
    assert outcomes == ["None", "filed"]
    assert len(founders.office.said(ApplicationSubmitted)) == 1


def test_the_sender_alone_learns_phone_and_link_and_only_while_it_is_open(founders: Founders) -> None:
    founders.begin()
    founders.start()
    signer_id = founders.look()["signers"][1]["signer_id"]
    sender = client(
        founders.office.app,
        founders.office.mint.token("service.notification", kind="machine", roles=["contact_reader"]),
    )
    sent = sender.get(f"{BASE}/signers/{signer_id}").get_json()
    assert sent["phone"] == "13900000001" and len(sent["token"]) >= 32
    assert founders.shen.get(f"{BASE}/signers/{signer_id}").status_code == 403
    founders.shen.delete(f"{founders.path}/signing")
    assert sender.get(f"{BASE}/signers/{signer_id}").status_code == 404
    stored = raw(founders.office.database, "signer") + raw(founders.office.database, "outbox")
    for personal in ("13900000001", "顾阿珍", GU, sent["token"]):
        assert personal not in stored


def test_another_persons_draft_has_no_round_to_see(founders: Founders) -> None:
    founders.begin()
    founders.start()
    signer_id = founders.look()["signers"][1]["signer_id"]
    other = founders.office.person("acc-2")
    for method, path in (
        ("GET", "/signing"),
        ("POST", "/signing"),
        ("DELETE", "/signing"),
        ("POST", f"/signing/{signer_id}/again"),
    ):
        found = other.open(f"{founders.path}{path}", method=method, json={}, headers={"If-Match": '"1"'})
        assert found.status_code == 404, (method, path)
    old = founders.office.mint.token("acc-1", issued_at=time.time() - 700)
    for nobody in (client(founders.office.app), client(founders.office.app, old)):
        assert nobody.get(f"{founders.path}/signing").status_code == 401


def test_who_signed_stands_with_the_case(founders: Founders) -> None:
    founders.begin()
    founders.start()
    gu, lu = founders.links()
    answer(founders, gu, GU, "acc-gu")
    number = answer(founders, lu, LU, "acc-lu").get_json()["application_no"]
    path = f"{BASE}/applications/{number}/signatures"
    signed = founders.shen.get(path).get_json()["items"]
    assert [(s["name"], s["level"]) for s in signed] == [("沈佳禾", 2), ("顾阿珍", 2), ("陆晓岚", 2)]
    assert len({s["digest"] for s in signed}) == 1
    assert founders.office.staff("officer", "SJ").get(path).get_json()["items"] == signed
    (read,) = founders.office.said(DossierRead)
    assert (read.department, read.applicant) == ("SJ", "acc-1")  # type: ignore[attr-defined]
    assert founders.office.staff("officer", "XF").get(path).status_code == 404
    assert founders.as_("acc-gu", GU).get(path).status_code == 404
    assert client(founders.office.app).get(path).status_code == 401


def test_a_link_stays_out_of_the_log(founders: Founders) -> None:
    founders.begin()
    founders.start()
    gu, _ = founders.links()
    with capture_logs() as lines:
        answer(founders, gu, GU, "acc-gu")
    assert [line["route"] for line in lines if line["event"] == "request"] == [
        "/api/intake/invitations/<token>/sign"
    ]
    assert gu not in repr(lines)


def test_after_a_change_it_would_go_to_those_the_form_names_now(founders: Founders) -> None:
    founders.begin()
    founders.start()
    founders.save(owners=OWNERS[:1])
    found = founders.look()
    assert found["outcome"] == "changed"
    assert [(s["name"], s["state"]) for s in found["signers"]] == [
        ("沈佳禾", "to_invite"),
        ("陆晓岚", "to_invite"),
    ]
    assert founders.start({"1": "13900000002"}).status_code == 201


@pytest.mark.parametrize("act", ["sign", "object"])
def test_a_link_says_afterwards_how_it_ended(founders: Founders, act: str) -> None:
    founders.begin(legal="沈佳禾", legal_id=SHEN)
    founders.start({"1": "13900000001"})
    (gu,) = founders.links()
    ended = answer(founders, gu, GU, "acc-gu", act, **({"reason": "比例不对"} if act == "object" else {}))
    after = founders.as_("acc-gu", GU).get(f"{BASE}/invitations/{gu}").get_json()
    assert after["outcome"] == ended.get_json()["outcome"] == ("filed" if act == "sign" else "objected")
    assert (after["form"], after["files"]) == ({}, [])
    assert after["me"]["state"] == ("signed" if act == "sign" else "objected")


@pytest.mark.parametrize("number", [["3"], {"a": 1}, 7, "123"])
def test_what_is_no_id_number_is_told_beside_its_field(founders: Founders, number: Any) -> None:
    founders.begin(legal_id=number)
    for answered in (
        founders.shen.post(f"{founders.path}/submit", headers=founders.match),
        founders.start(),
    ):
        assert answered.status_code == 422, answered.text
        assert [e["field"] for e in answered.get_json()["errors"]] == ["form.legal_id"]
    directly = founders.shen.post(
        f"{BASE}/applications", json={"procedure": "found", "form": ANSWERS | {"legal_id": number}}
    )
    assert directly.status_code in (409, 422)
    assert founders.office.said(ApplicationSubmitted) == []
