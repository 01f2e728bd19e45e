"""The sample city's own procedures, handled from beginning to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chassis.fakes.database import events_of, memory_database
from contracts.approval import Answer, CaseClosed, CaseDecided, LicenceIssued
from contracts.catalog import ProcedurePublished
from contracts.procedure import BranchKind, BranchSpec, Procedure
from services.approval import orm as approval_tables
from services.approval.domain import Branch, Case
from services.catalog import orm as catalog_tables
from services.catalog.sample import load
from tests.unit.approval.bureau import Bureau, answer
from tests.unit.approval.helpers import NUMBER, give, opened

SAMPLE = Path(__file__).parents[3] / "sample_city"
FAILS: dict[BranchKind, Answer] = {"decide": "refuse", "record": "unable", "register": "unable"}


@pytest.fixture(scope="module")
def procedures(tmp_path_factory: pytest.TempPathFactory) -> list[Procedure]:
    """What the catalogue publishes of the sample city."""
    database = memory_database("catalog", tmp_path_factory.mktemp("city"), catalog_tables.Base.metadata)
    with database.transaction() as uow:
        load(SAMPLE, uow)
    published = [e.event for e in events_of(database, ProcedurePublished)]
    database.close()
    found = [e.procedure for e in published if isinstance(e, ProcedurePublished)]
    assert {"new-company", "open-restaurant", "street-canopy"} <= {p.code for p in found}
    return found


@pytest.fixture
def bureau(tmp_path: Path, procedures: list[Procedure]) -> Iterator[Bureau]:
    database = memory_database("approval", tmp_path, approval_tables.metadata)
    yield Bureau(database, knows=procedures)
    database.close()


def work_off(case: Case, says: Callable[[Branch], Answer]) -> list[object]:
    """Every branch is answered as soon as it is open."""
    said: list[object] = []
    while ready := [b for b in case.branches if b.status == "open"]:
        for branch in ready:
            codes = dict.fromkeys(case.spec(branch).produces, "91320100MA00000001")
            if branch.status == "open":
                said += give(case, branch.key, says(branch), **codes)
    return said


def below(of: Procedure, failed: BranchSpec) -> set[str]:
    """All that depends on a branch, directly or not."""
    found = {failed.key}
    while more := {b.key for b in of.branches if found & set(b.depends_on)} - found:
        found |= more
    return found - {failed.key}


def test_when_all_agree_everything_is_granted_closed_and_issued(procedures: list[Procedure]) -> None:
    for of in procedures:
        case, _ = opened(of)
        said = work_off(case, lambda _: "agree")
        assert (case.outcome, case.closed_at is not None) == ("granted", True), of.code
        issued = [e.branch_no for e in said if isinstance(e, LicenceIssued)]
        assert sorted(issued) == sorted(b.branch_no for b in case.branches if case.spec(b).issues)
        assert sum(isinstance(e, CaseDecided) for e in said) == 1
        assert sum(isinstance(e, CaseClosed) for e in said) == 1


def test_a_refusal_drops_all_that_depends_on_it_and_a_failed_record_is_a_task_that_drops_nothing(
    procedures: list[Procedure],
) -> None:
    for of in procedures:
        for failed in of.branches:
            if failed.kind not in FAILS:
                continue
            case, _ = opened(of)
            work_off(case, lambda b, k=failed: FAILS[b.kind] if b.key == k.key else "agree")
            dropped = {b.key for b in case.branches if b.status == "dropped"}
            if failed.kind == "decide":
                assert dropped == below(of, failed), (of.code, failed.key)
                assert case.closed_at is not None
                assert case.outcome in ("refused", "partly_granted"), (of.code, failed.key)
            else:
                assert dropped == set(), (of.code, failed.key)
                assert (case.closed_at is None) == (failed.required or case.decided_at is None)
                assert case.outcome != "refused", (of.code, failed.key)


def test_every_branch_has_dates_the_promise_within_the_law(procedures: list[Procedure]) -> None:
    for of in procedures:
        case, _ = opened(of)
        work_off(case, lambda _: "agree")
        for branch in case.branches:
            assert branch.promised_due is not None and branch.opened_at is not None
            assert branch.promised_due > branch.opened_at
            assert branch.statutory_due is None or branch.promised_due <= branch.statutory_due, branch.key


def test_any_departments_may_be_left_out_and_the_case_still_ends(procedures: list[Procedure]) -> None:
    for of in procedures:
        for left_out in of.branches:
            keys = [b.key for b in of.branches if b is not left_out]
            case, _ = opened(of, keys)
            work_off(case, lambda _: "agree")
            assert (case.outcome, case.closed_at is not None) == ("granted", True), (of.code, left_out.key)


def test_a_real_package_goes_through_the_handlers(bureau: Bureau, procedures: list[Procedure]) -> None:
    of = next(p for p in procedures if p.code == "new-company")
    bureau.accept(of)
    specs = {b.key: b for b in of.branches}
    while ready := [b for b in bureau.case().branches if b.status == "open"]:
        codes = [dict.fromkeys(specs[b.key].produces, "91320100MA00000001") for b in ready]
        given = [answer(b.branch_no, b.department, **c) for b, c in zip(ready, codes, strict=True)]
        assert bureau.reply(*given) == []
    assert bureau.rejected() == []
    assert (bureau.case(NUMBER).outcome, bureau.case(NUMBER).closed_at is not None) == ("granted", True)
