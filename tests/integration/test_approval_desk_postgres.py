"""Officers and heads at the same instant, on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient

from contracts.approval import (
    BranchAnswered,
    BranchClaimed,
    CaseDecided,
    ExtensionDecided,
    SignatureDecided,
    SignatureRequested,
)
from services.approval import handlers
from services.approval.domain import IllegalMove
from services.approval.handlers import OVERDUE
from tests.integration.test_approval_postgres import at_once
from tests.migrated import migrated
from tests.unit.approval.bureau import BASE, Bureau, no
from tests.unit.approval.helpers import GUARDED, accepted

if TYPE_CHECKING:
    from tests.conftest import Databases

TIMES = 40
REFUSE = {"answer": "refuse", "opinion": "不符合"}
SIGN = {"signed": True, "reason": "属实"}
AGREE = {"answer": "agree", "opinion": "同意"}


@pytest.fixture
def bureau(tmp_path: Path, databases: Databases) -> Iterator[Bureau]:
    database = migrated("approval", tmp_path, database_url=databases("approval"))
    yield Bureau(database)
    database.close()


@pytest.fixture
def firsts(bureau: Bureau) -> list[str]:
    """The first branches of as many cases, all alike."""
    numbers = [f"DA20261124{n:06d}X" for n in range(TIMES)]
    bureau.say([bureau.told(accepted(GUARDED, None, n)) for n in numbers], handlers.follow_intake)
    return [no(1, n) for n in numbers]


def status(who: FlaskClient, path: str, body: Any = None) -> int:
    return who.post(f"{BASE}{path}", json=body).status_code


def by_branch(bureau: Bureau, kind: Any) -> Counter[str]:
    return Counter(e.branch.branch_no for e in bureau.said(kind))


def test_of_two_heads_who_sign_at_the_same_instant_one_signs(bureau: Bureau, firsts: list[str]) -> None:
    officer, heads = bureau.officer("DA"), [bureau.head("DA", f"head-{n}") for n in (1, 2)]
    refused = officer.post(f"{BASE}/branches/answers", json={"branch_nos": firsts} | REFUSE)
    assert {r["outcome"] for r in refused.get_json()["results"]} == {"awaiting_signature"}
    for number in firsts:
        path = f"/branches/{number}/signature"
        assert sorted(at_once(*(partial(status, h, path, SIGN) for h in heads))) == [200, 409]
    once = dict.fromkeys(firsts, 1)
    assert by_branch(bureau, SignatureDecided) == once
    assert by_branch(bureau, BranchAnswered) == once
    assert len(bureau.said(CaseDecided)) == TIMES


def test_a_signature_and_its_sending_back_never_both_count(bureau: Bureau, firsts: list[str]) -> None:
    officer, heads = bureau.officer("DA"), [bureau.head("DA", f"head-{n}") for n in (1, 2)]
    officer.post(f"{BASE}/branches/answers", json={"branch_nos": firsts} | REFUSE)
    back = SIGN | {"signed": False}
    for number in firsts:
        path = f"/branches/{number}/signature"
        tasks = partial(status, heads[0], path, SIGN), partial(status, heads[1], path, back)
        assert sorted(at_once(*tasks)) == [200, 409]
    decided = {e.branch.branch_no: e.signed for e in bureau.said(SignatureDecided)}
    assert len(bureau.said(SignatureDecided)) == TIMES
    assert set(by_branch(bureau, BranchAnswered)) == {n for n, signed in decided.items() if signed}


def test_answering_many_races_with_a_colleague_who_claims_and_nothing_is_lost(
    bureau: Bureau, firsts: list[str]
) -> None:
    officer, colleague = bureau.officer("DA"), bureau.officer("DA", "colleague-da")

    def many() -> list[dict[str, Any]]:
        answered = officer.post(f"{BASE}/branches/answers", json={"branch_nos": firsts} | AGREE)
        found: list[dict[str, Any]] = answered.get_json()["results"]
        return found

    def claims() -> dict[str, int]:
        return {n: status(colleague, f"/branches/{n}/claim") for n in reversed(firsts)}

    results, claimed = at_once(many, claims)
    theirs = {n for n, code in claimed.items() if code == 200}
    assert {r["branch_no"] for r in results if r["outcome"] == "taken"} == theirs
    assert {r["holder"] for r in results if r["outcome"] == "taken"} <= {"colleague-da"}
    ours = {r["branch_no"] for r in results if r["outcome"] == "answered"}
    assert ours | theirs == set(firsts) and not ours & theirs
    assert by_branch(bureau, BranchAnswered) == dict.fromkeys(ours, 1)
    assert by_branch(bureau, BranchClaimed) == dict.fromkeys(firsts, 1)


def test_two_who_answer_the_same_many_in_opposite_order_answer_each_once(
    bureau: Bureau, firsts: list[str]
) -> None:
    officers = bureau.officer("DA"), bureau.officer("DA", "colleague-da")

    def many(who: FlaskClient, numbers: list[str]) -> list[str]:
        answered = who.post(f"{BASE}/branches/answers", json={"branch_nos": numbers} | AGREE)
        assert answered.status_code == 200, answered.text
        return [r["branch_no"] for r in answered.get_json()["results"] if r["outcome"] == "answered"]

    one, other = at_once(partial(many, officers[0], firsts), partial(many, officers[1], firsts[::-1]))
    assert sorted(one + other) == firsts
    assert by_branch(bureau, BranchAnswered) == dict.fromkeys(firsts, 1)


def test_whoever_takes_next_at_the_same_instant_takes_something_else(
    bureau: Bureau, firsts: list[str]
) -> None:
    officers = [bureau.officer("DA", f"officer-{n}") for n in range(6)]

    def take(who: FlaskClient) -> str:
        answered = who.post(f"{BASE}/inbox/next")
        assert answered.status_code == 200, answered.text
        number: str = answered.get_json()["branch_no"]
        return number

    taken = at_once(*(partial(take, who) for who in officers))
    assert len(set(taken)) == len(officers)
    assert by_branch(bureau, BranchClaimed) == dict.fromkeys(taken, 1)


def test_an_answer_and_the_heads_word_on_more_time_leave_one_clear_state(
    bureau: Bureau, firsts: list[str]
) -> None:
    officer, head = bureau.officer("DA"), bureau.head("DA")
    for number in firsts[:20]:
        status(officer, f"/branches/{number}/claim")
        status(officer, f"/branches/{number}/extension", {"days": 5, "reason": "复核"})
        approve = {"approved": True, "reason": "同意"}
        answered, decided = at_once(
            partial(status, officer, f"/branches/{number}/answer", AGREE),
            partial(status, head, f"/branches/{number}/extension/decision", approve),
        )
        branch = bureau.branch("first", number.rpartition("-")[0])
        assert (answered, branch.status, branch.extension_asked) == (200, "answered", None)
        assert (decided, branch.extended) in ((200, 5), (409, 0))
    extended = sum(e.approved for e in bureau.said(ExtensionDecided))
    assert extended == sum(bureau.branch("first", n[:-3]).extended == 5 for n in firsts[:20])


def test_silence_overdue_and_a_signature_at_the_same_instant_end_in_one_answer(
    bureau: Bureau, firsts: list[str]
) -> None:
    officer, head = bureau.officer("DA"), bureau.head("DA")
    officer.post(f"{BASE}/branches/answers", json={"branch_nos": firsts[:20]} | REFUSE)
    assert len(bureau.said(SignatureRequested)) == 20

    def overdue(number: str) -> None:
        with bureau.database.transaction() as uow:
            handlers.escalate([number], uow)

    for number in firsts[:20]:
        bureau.set_branch(number, statutory_due=bureau.now)
        signed, error = at_once(
            partial(status, head, f"/branches/{number}/signature", SIGN), partial(overdue, number)
        )
        assert (signed, error if not isinstance(error, IllegalMove) else None) == (200, None)
    assert by_branch(bureau, BranchAnswered) == dict.fromkeys(firsts[:20], 1)
    assert not set(firsts[:20]) & bureau.dates(OVERDUE).keys()
