"""A certificate that ended after filing: whoever agrees has to have seen it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from chassis import tables
from chassis.fakes.database import events_of, memory_database
from contracts.approval import BranchAnswered
from contracts.cloudevents import Envelope
from contracts.identity import CertificateChanged
from contracts.intake import CertificatesUsed, CertificateUse
from contracts.procedure import MaterialSpec, Text
from services.approval import certificates, orm
from tests.unit.approval.bureau import Bureau, get, no, post
from tests.unit.approval.helpers import NUMBER, restaurant

FOOD, FIRE = no(1), no(2)
AGREE = {"answer": "agree", "opinion": "同意"}
HELD = MaterialSpec(code="m05", title=Text(zh="营业执照", en="Business licence"), how="reuse")
READ_BY = {"food": ("m05",)}


def shop_with_material() -> Any:
    plain = restaurant()
    branches = tuple(replace(b, materials=READ_BY.get(b.key, ())) for b in plain.branches)
    return replace(plain, materials=(HELD,), branches=branches)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    database = memory_database("approval", tmp_path_factory.mktemp("approval"), orm.metadata)
    yield Bureau(database, knows=[shop_with_material()])
    database.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Bureau]:
    database = memory_database("approval", tmp_path, orm.metadata)
    bureau = Bureau(database, knows=[shop_with_material()])
    bureau.accept(shop_with_material())
    bureau.say([bureau.told(used())], certificates.keep)
    yield bureau
    database.close()


def used(number: str = NUMBER) -> CertificatesUsed:
    held = CertificateUse(material="m05", certificate_id="c-1")
    return CertificatesUsed(
        application_no=number,
        matter="draft-1",
        applicant="acc-1",
        certificates=(held,),
        used_at=datetime(2026, 11, 24, tzinfo=UTC),
    )


def changed(bureau: Bureau, state: Any, sequence: int, until: date | None = None) -> Envelope:
    event = CertificateChanged(
        certificate_id="c-1",
        holder="acc-1",
        licence_type="business-licence",
        state=state,
        valid_until=until,
        changed_at=bureau.now,
    )
    return bureau.told(event, sequence=sequence)


def claimed(bureau: Bureau, branch_no: str = FOOD) -> Any:
    officer = bureau.officer("SJ" if branch_no == FOOD else "XF")
    post(officer, f"/branches/{branch_no}/claim")
    return officer


def test_a_certificate_that_is_valid_or_unheard_of_holds_up_nobody(shop: Bureau) -> None:
    post(claimed(shop, FIRE), f"/branches/{FIRE}/answer", AGREE)
    shop.say([changed(shop, "valid", 1, shop.now.date() + timedelta(days=2))], certificates.keep)
    post(claimed(shop), f"/branches/{FOOD}/answer", AGREE)
    assert get(shop.officer("SJ"), f"/branches/{FOOD}")["ended"] == []


@pytest.mark.parametrize(
    ("state", "over", "zh", "kept"),
    [
        ("revoked", False, "营业执照已被撤销", "revoked"),
        ("superseded", False, "营业执照已换发新证", "superseded"),
        ("valid", True, "营业执照已过期", "expired"),
    ],
)
def test_who_agrees_although_it_ended_says_so_and_that_is_kept(
    shop: Bureau, state: str, over: bool, zh: str, kept: str
) -> None:
    until = shop.now.date() - timedelta(days=2) if over else None
    shop.say([changed(shop, state, 2, until), changed(shop, "valid", 1)], certificates.keep)
    officer = claimed(shop)
    for seen in ({}, {"acknowledged": []}, {"acknowledged": ["m99"]}):
        problem = post(officer, f"/branches/{FOOD}/answer", AGREE | seen, 409)
        assert (problem["type"], [e["field"] for e in problem["errors"]]) == (
            "certificate-ended",
            ["acknowledged.m05"],
        )
        assert zh in problem["detail"]
    assert shop.branch("food").status == "claimed" and shop.count(orm.opinion) == 0
    post(officer, f"/branches/{FOOD}/answer", AGREE | {"acknowledged": ["m05"]})
    mine = get(officer, f"/branches/{FOOD}")
    assert mine["ended"] == [{"material": "m05", "certificate_id": "c-1", "state": kept}]
    assert "ended" not in get(shop.officer("XF"), f"/branches/{FOOD}"), "inside the department"
    (said,) = events_of(shop.database, BranchAnswered)
    assert "acknowledged" not in str(said.event)


def test_it_concerns_agreement_by_an_officer_of_a_branch_that_reads_it(shop: Bureau) -> None:
    shop.say([changed(shop, "revoked", 2)], certificates.keep)
    post(claimed(shop, FIRE), f"/branches/{FIRE}/answer", AGREE)
    refusal = {"answer": "refuse", "opinion": "执照已被撤销"}
    post(claimed(shop), f"/branches/{FOOD}/answer", refusal)


def test_without_a_claim_the_move_is_refused_first_and_a_system_decides_by_the_dossier(shop: Bureau) -> None:
    shop.say([changed(shop, "revoked", 2)], certificates.keep)
    assert post(shop.officer("SJ"), f"/branches/{FOOD}/answer", AGREE, 409)["type"] == "illegal-move"
    post(shop.system("SJ"), f"/branches/{FOOD}/answer", AGREE)


def test_among_many_it_is_left_as_it_stands_and_named(shop: Bureau) -> None:
    other = shop.accept(shop_with_material(), "SJ2026112407777X")
    shop.say([changed(shop, "revoked", 2)], certificates.keep)
    body = {"branch_nos": [FOOD, no(1, other)]} | AGREE
    done = post(shop.officer("SJ"), "/branches/answers", body)["results"]
    assert [r["outcome"] for r in done] == ["certificate_ended", "answered"]
    assert shop.branch("food").status == "open"


@pytest.mark.parametrize("wrong", ["m05", [5], [""], ["x" * 61]])
def test_what_is_acknowledged_is_a_list_of_materials(shop: Bureau, wrong: Any) -> None:
    post(claimed(shop), f"/branches/{FOOD}/answer", AGREE | {"acknowledged": wrong}, 422)


@settings(max_examples=20, deadline=None, database=None)
@given(data=st.data())
def test_any_order_and_any_duplication_end_the_same(made: Bureau, data: st.DataObject) -> None:
    whole = [
        made.told(used()),
        *(changed(made, s, n) for n, s in enumerate(("valid", "revoked", "valid"), 1)),
    ]
    with made.database.transaction() as uow:
        for table in (orm.used_certificate, orm.certificate_state, tables.inbox):
            uow.session.execute(delete(table))
    shuffled = data.draw(st.permutations([*whole, *data.draw(st.lists(st.sampled_from(whole), max_size=3))]))
    made.say(shuffled, certificates.keep, batch=data.draw(st.sampled_from((1, 2, 100))))
    with made.database.read() as session:
        rows = session.execute(select(orm.certificate_state.c.state, orm.certificate_state.c.sequence)).all()
        assert [tuple(r) for r in rows] == [("valid", 3)]
        assert session.scalars(select(orm.used_certificate.c.certificate_id)).all() == ["c-1"]
