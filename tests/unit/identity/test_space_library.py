"""The certificate library: any order and any duplication of the same events end in the same state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from chassis import tables
from chassis.database import Database
from chassis.fakes.database import deliver, envelope, events_of, memory_database
from contracts import Event, approval, intake
from contracts.catalog import DepartmentPublished, ProcedurePublished
from contracts.cloudevents import Envelope
from contracts.identity import CertificateChanged
from contracts.intake import CertificatesUsed, CertificateUse, DossierRead
from contracts.procedure import BranchSpec, Join, Limit, MaterialSpec, Procedure, Text
from services.identity import orm, space_queries
from services.identity.domain import space
from services.identity.domain.space import Ending, Issue, Standing, standings
from services.identity.handlers import known, library, open_account, published, readings
from services.identity.orm.space import certificate, certificate_ending

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
MONTHS = Limit(value=60, unit="months")


def test_a_replaced_certificate_is_superseded_and_hands_on_its_last_day() -> None:
    first = Issue("a", NOW, date(2027, 1, 1))
    change = Issue("b", NOW + timedelta(days=1), None, replaces=True)
    renewal = Issue("c", NOW + timedelta(days=2), date(2031, 1, 1), replaces=True)
    assert standings([renewal, first, change], []) == {
        "a": Standing("superseded", date(2027, 1, 1)),
        "b": Standing("superseded", date(2027, 1, 1)),
        "c": Standing("valid", date(2031, 1, 1)),
    }


def test_a_renewal_replaces_and_a_cancellation_ends_the_one_they_are_about() -> None:
    issues = [Issue("a", NOW, date(2027, 1, 1)), Issue("b", NOW + timedelta(days=1), date(2028, 1, 1))]
    change = Issue("c", NOW + timedelta(days=2), None, replaces=True, instead_of="a")
    again = Issue("d", NOW + timedelta(days=3), None, replaces=True, instead_of="a")
    unknown = Issue("e", NOW + timedelta(days=3), None, replaces=True, instead_of="gone")
    assert standings([*issues, change], []) == {
        "a": Standing("superseded", date(2027, 1, 1)),
        "b": Standing("valid", date(2028, 1, 1)),
        "c": Standing("valid", date(2027, 1, 1)),
    }
    twice = {k: s.state for k, s in standings([*issues, change, again], []).items()}
    assert twice == {"a": "superseded", "b": "valid", "c": "valid", "d": "valid"}
    assert standings([*issues, unknown], [])["b"].state == "superseded"


def test_a_second_licence_of_a_kind_leaves_the_first_alone() -> None:
    found = standings([Issue("a", NOW, None), Issue("b", NOW + timedelta(days=1), None)], [])
    assert {s.state for s in found.values()} == {"valid"}


def test_a_cancellation_ends_the_last_valid_one_and_a_named_revocation_its_own() -> None:
    issues = [Issue("a", NOW, None), Issue("b", NOW + timedelta(days=1), None)]
    cancelled = standings(issues, [Ending("x", NOW + timedelta(days=2))])
    assert {k: s.state for k, s in cancelled.items()} == {"a": "valid", "b": "revoked"}
    named = standings(issues, [Ending("x", NOW + timedelta(days=2), "a"), Ending("y", NOW)])
    assert {k: s.state for k, s in named.items()} == {"a": "revoked", "b": "valid"}


@pytest.mark.parametrize(
    ("state", "until", "said"),
    [
        ("valid", None, "valid"),
        ("valid", date(2026, 3, 2), "valid"),
        ("valid", date(2026, 3, 1), "expired"),
        ("revoked", date(2026, 3, 1), "revoked"),
    ],
)
def test_a_certificate_is_valid_through_its_last_day(state: Any, until: date | None, said: str) -> None:
    assert space.shown(state, until, date(2026, 3, 2)) == said


def test_months_end_on_a_day_that_exists() -> None:
    assert space.last_day(date(2024, 2, 29), Limit(value=12, unit="months")) == date(2025, 2, 27)
    assert space.last_day(date(2026, 1, 31), Limit(value=1, unit="months")) == date(2026, 2, 27)
    assert space.last_day(date(2026, 1, 1), Limit(value=10, unit="calendar_days")) == date(2026, 1, 10)
    assert space.last_day(date(2026, 1, 1), None) is None
    assert space.masked("329982199504183021") == "3299**********3021"
    assert space.masked("41") == "41"


def food(version: int = 1) -> Procedure:
    """One procedure with all that a library hears of: a new licence, a renewal, a cancellation."""

    def branch(key: str, **more: Any) -> BranchSpec:
        promised = Limit(value=1, unit="working_days")
        title = Text(zh=key, en=key)
        return BranchSpec(
            key=key, item=key, title=title, department="SJ", kind="decide", promised=promised, **more
        )

    licence = Text(zh="食品经营许可证", en="Food licence")
    return Procedure(
        code="food",
        version=version,
        kind="item",
        title=Text(zh="食品", en="Food"),
        lead_department="SJ",
        audience=("person",),
        acceptance="automatic",
        acceptance_limit=Limit(value=5, unit="working_days"),
        branches=(
            branch("new", issues="food", result=licence, valid_for=MONTHS),
            branch("renewal", issues="food", result=licence, valid_for=MONTHS, replaces=True),
            branch("cancellation", revokes="food"),
        ),
        join=Join(rule="all", over=("new",)),
        form={"type": "object", "properties": {}},
        materials=(
            MaterialSpec(code="m06", title=licence, how="reuse", licence_type="food", gives=("shop_name",)),
        ),
    )


def accepted(number: str, sequence: int = 1) -> Envelope:
    event = intake.ApplicationAccepted(
        application_no=number,
        procedure="food",
        version=1,
        applicant="acc-1",
        branches=("new",),
        by="rule",
        accepted_at=NOW,
    )
    return envelope(event, sequence=sequence, time=NOW, id=f"accepted-{number}")


def issued(number: str, item: str, days: int) -> Envelope:
    event = approval.LicenceIssued(
        application_no=number,
        branch_no=f"{number}-01",
        item=item,
        licence_type="food",
        licence_no=f"L{number}",
        results={"licence_code": number},
        issued_at=NOW + timedelta(days=days),
    )
    return envelope(event, sequence=2, time=NOW, id=f"issued-{number}")


def answered(number: str, key: str, days: int, answer: approval.Answer = "agree") -> Envelope:
    state = approval.BranchState(
        branch_no=f"{number}-01",
        key=key,
        item=key,
        department="SJ",
        kind="decide",
        required=True,
        status="answered",
        answer=answer,
        answered_at=NOW + timedelta(days=days),
    )
    event = approval.BranchAnswered(application_no=number, branch=state, results={})
    return envelope(event, sequence=3, time=NOW, id=f"answered-{number}")


def story() -> list[Envelope]:
    """Two licences, the second renewed, then cancelled; a cancellation that was refused."""
    return [
        accepted("A"), issued("A", "new", 0), answered("A", "new", 0),
        accepted("B"), issued("B", "new", 10),
        accepted("C"), issued("C", "renewal", 20),
        accepted("D"), answered("D", "cancellation", 30),
        accepted("E"), answered("E", "cancellation", 40, "refuse"),
    ]  # fmt: skip


def catalogue(*events: Event) -> list[Envelope]:
    return [envelope(e, sequence=n, time=NOW, id=f"catalogue-{n}") for n, e in enumerate(events, 1)]


def both(events: list[Envelope], uow: Any) -> None:
    """The worker's two subscriptions behind one door, so that their events come in any order too."""
    published.keep([e for e in events if e.source == "catalog"], uow)
    library.follow([e for e in events if e.source != "catalog"], uow)


def state_of(database: Database) -> list[tuple[Any, ...]]:
    t = certificate.c
    with database.read() as session:
        rows = session.execute(
            select(t.certificate_id, t.holder, t.state, t.valid_until, t.title, t.contents, t.issuer)
        ).all()
        asks = session.scalars(select(t.certificate_id).where(t.contents_due_at.is_not(None))).all()
    return sorted((r.certificate_id, r.certificate_id in asks, *map(str, r)) for r in rows)


def told(
    database: Database, events: Sequence[Envelope], batch: int, consents: Sequence[dict[str, Any]] = ()
) -> list[tuple[Any, ...]]:
    everything = (certificate, certificate_ending, *orm.metadata.tables.values(), tables.inbox, tables.outbox)
    with database.transaction() as uow:
        for table in everything:
            uow.session.execute(delete(table))
        if consents:
            uow.session.execute(orm.certificate_consent.insert(), list(consents))
    assert deliver(database, both, events, batch=batch) == []
    return state_of(database)


@pytest.fixture(scope="module")
def library_database(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = memory_database("identity", tmp_path_factory.mktemp("library"), orm.metadata)
    yield made
    made.close()


def test_a_story_told_in_order(library_database: Database) -> None:
    whole = [*catalogue(published_food()), *story()]
    found = {row[0]: row for row in told(library_database, whole, 100)}
    assert {key: row[4] for key, row in found.items()} == {
        "LA": "valid",
        "LB": "superseded",
        "LC": "revoked",
    }
    assert found["LA"][5] == "2031-03-01"
    assert all(row[1] for row in found.values()), "what stands on each is to be asked"
    said = [e.event for e in events_of(library_database, CertificateChanged)]
    last = {e.certificate_id: e.state for e in said if isinstance(e, CertificateChanged)}
    assert last == {"LA": "valid", "LB": "superseded", "LC": "revoked"}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(data=st.data())
def test_any_order_and_any_duplication_end_the_same(library_database: Database, data: st.DataObject) -> None:
    whole = [*catalogue(published_food()), *story()]
    expected = told(library_database, whole, 100)
    twice = data.draw(st.lists(st.sampled_from(whole), max_size=5))
    shuffled = data.draw(st.permutations([*whole, *twice]))
    assert told(library_database, shuffled, data.draw(st.sampled_from((1, 3, 100)))) == expected


def published_food() -> ProcedurePublished:
    return ProcedurePublished(code="food", version=1, procedure=food())


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(data=st.data())
def test_of_two_licences_the_one_used_in_the_application_is_replaced(
    library_database: Database, data: st.DataObject
) -> None:
    """Of A and B it is A that C renews and B that D ends, in whatever order it becomes known."""
    t = orm.certificate_consent.c
    whole = [
        *catalogue(published_food()),
        accepted("A"), issued("A", "new", 0),
        accepted("B"), issued("B", "new", 10),
        accepted("C"), used("C", "LA"), issued("C", "renewal", 20),
        accepted("D"), used("D", "LB"), answered("D", "cancellation", 30),
    ]  # fmt: skip
    consents = [consent("draft-C", "LA"), consent("draft-D", "LB")]
    events = data.draw(st.permutations(whole))
    found = told(library_database, events, data.draw(st.sampled_from((1, 3, 100))), consents)
    assert {row[0]: row[4] for row in found} == {"LA": "superseded", "LB": "revoked", "LC": "valid"}
    with library_database.read() as session:
        assert set(session.scalars(select(t.application_no))) == {"C", "D"}


def used(number: str, certificate_id: str) -> Envelope:
    event = CertificatesUsed(
        application_no=number,
        matter=f"draft-{number}",
        applicant="acc-1",
        certificates=(CertificateUse(material="m06", certificate_id=certificate_id),),
        used_at=NOW,
    )
    return envelope(event, sequence=4, time=NOW, id=f"used-{number}")


def consent(matter: str, certificate_id: str) -> dict[str, Any]:
    return {
        "matter": matter,
        "certificate_id": certificate_id,
        "holder": "acc-1",
        "procedure": "food",
        "purpose": "reuse",
        "given": True,
        "by": "acc-1",
        "at": NOW,
    }


def test_readings_count_up_by_day_in_any_order(database: Database) -> None:
    def read(days: float, **more: Any) -> Envelope:
        at = NOW + timedelta(days=days)
        event = DossierRead(
            applicant="acc-1", application_no="A", department="SJ", read_at=at, **{"branch_no": "A-01"} | more
        )
        return envelope(event, sequence=1, time=at)

    events = [read(0.1), read(0.2), read(1), read(0, branch_no=None), read(0, material="m12")]
    deliver(database, readings.follow, events[::-1])
    with database.transaction() as uow:
        published.keep(catalogue(DepartmentPublished(code="SJ", name=Text(zh="市监局", en="Market"))), uow)
    with database.read() as session:
        items = space_queries.readings_of("acc-1", None, session)["items"]
    counted = [(i["what"], i["times"]) for i in items]
    assert counted[:2] == [("dossier", 1), ("dossier", 2)]
    assert sorted(counted[2:]) == [("form", 1), ("material", 1)]
    assert {i["reader_name"]["zh"] for i in items} == {"市监局"}
    assert {i["application_no"] for i in items} == {"A"}
    assert {(i["what"], i["purpose"]) for i in items} == {
        ("dossier", "approval"),
        ("material", "approval"),
        ("form", "acceptance"),
    }


def test_a_consent_becomes_the_cases(database: Database, tmp_path: Path) -> None:
    with database.transaction() as uow:
        mine = open_account(
            login="shen", password_hash="x", kind="person", display_name="沈佳禾", uow=uow
        ).account_id
        library.keep([row("c1", mine), row("c2", mine)], [], uow)
        used = known.agree("draft-1", "food", {"c1": True, "c2": False}, mine, mine, uow)
        assert [u["certificate_id"] for u in used] == ["c1"]
        with pytest.raises(library.UnknownCertificate):
            known.agree("draft-1", "food", {"c3": True}, mine, mine, uow)
    event = CertificatesUsed(
        application_no="A",
        matter="draft-1",
        applicant=mine,
        certificates=(CertificateUse(material="m06", certificate_id="c1"),),
        used_at=NOW,
    )
    deliver(database, library.follow, [envelope(event, sequence=1, time=NOW)])
    with database.read() as session:
        rows = session.execute(
            select(orm.certificate_consent).order_by(orm.certificate_consent.c.certificate_id)
        ).all()
    assert [(r.certificate_id, r.given, r.application_no) for r in rows] == [
        ("c1", True, "A"),
        ("c2", False, None),
    ]


def test_the_licence_offered_for_a_renewal_is_the_next_to_expire(database: Database) -> None:
    with database.transaction() as uow:
        published.keep(catalogue(published_food()), uow)
        mine = open_account(
            login="shen", password_hash="x", kind="person", display_name="沈佳禾", uow=uow
        ).account_id
        ends = {"c1": date(2030, 1, 1), "c2": date(2027, 1, 1), "c3": date(2028, 1, 1)}
        rows = [
            row(key, mine, issued_until=end, issued_at=NOW + timedelta(days=n))
            for n, (key, end) in enumerate(ends.items())
        ]
        library.keep(rows, [], uow)
        offered = {}
        for procedure in ("food", "another"):
            asked = known.Asked(procedure=procedure, fields={}, materials=["m06"])
            _, (one,) = known.known_for(asked, mine, uow)
            offered[procedure] = one["certificate_id"]
    assert offered == {"food": "c2", "another": "c3"}


def row(certificate_id: str, holder: str, **more: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "certificate_id": certificate_id,
        "holder": holder,
        "kind": "food",
        "title": {"zh": "食品经营许可证", "en": "Food licence"},
        "number": f"N-{certificate_id}",
        "issuer": "SJ",
        "issued_at": NOW,
        "issued_until": None,
        "replaces": False,
        "contents": {},
        "application_no": None,
        "branch_no": None,
        "item": None,
    }
    return values | more
