from __future__ import annotations

import json

from contracts.base import event_class
from services.catalog.domain import City, editions
from services.catalog.domain.facts import item_facts
from services.catalog.domain.procedures import procedure_of_item

EVERY_ELEMENT = {
    "basic_code", "implementation_code", "type", "level", "exercised_level", "basis", "conditions",
    "materials", "steps", "statutory", "promised", "extension", "fee_fen", "fee_basis", "depth",
    "visits", "scope", "case_kind", "result", "minimum_real_name_level", "classified",
    "entrusted_body", "intermediary_services", "remedies", "contact", "faq", "tier", "theme",
}  # fmt: skip


def test_every_item_has_the_elements_of_the_national_item_list(city: City) -> None:
    for item in city.items.values():
        facts = item_facts(item, procedure_of_item(item, city), city)
        assert facts.keys() >= EVERY_ELEMENT
        assert len(facts["implementation_code"]) == 31
        assert facts["faq"]


def test_founding_a_company_opens_four_branches_at_the_licence(city: City) -> None:
    package = next(e.procedure for e in editions(city) if e.procedure.code == "new-company")
    first, *after = package.branches
    assert (first.key, first.kind, first.department) == ("company-registration", "decide", "SJ")
    assert (first.issues, first.produces) == ("business-licence", ("credit_code",))
    assert {b.department for b in after} == {"GA", "SW", "RS", "GJ"}
    assert all(b.depends_on == (first.key,) and b.kind == "record" for b in after)
    assert [bool(b.when) for b in after] == [False, False, False, True]
    assert package.join.over == (first.key,)


def test_opening_a_restaurant_starts_everywhere_at_once(city: City) -> None:
    package = next(e.procedure for e in editions(city) if e.procedure.code == "open-restaurant")
    assert [b.department for b in package.branches] == ["SJ", "XF", "CG", "ZJ", "GS", "GQ"]
    assert all(b.depends_on == () for b in package.branches)
    assert package.join.over == ("food-licence", "fire-safety-check", "drainage-permit")
    assert package.acceptance == "automatic"


def test_the_paths_that_need_a_sample_have_one(city: City) -> None:
    procedures = {e.procedure.code: e.procedure for e in editions(city)}
    assert procedures["food-licence"].acceptance == "desk"
    canopy = procedures["street-canopy"]
    assert [(b.department, b.kind) for b in canopy.branches] == [
        ("CG", "decide"),
        ("ZJ", "decide"),
        ("GA", "decide"),
    ]
    advert = {b.key: b for b in procedures["outdoor-advertising"].branches}
    assert advert["planning-opinion"].on_timeout == "deemed_agreed"
    assert advert["planning-opinion"].timeout_source
    assert advert["decision"].on_timeout == "escalate"


def test_a_package_says_what_is_asked_once(city: City) -> None:
    facts = next(e.facts for e in editions(city) if e.procedure.code == "new-company")
    times = {shared["field"]: len(shared["branches"]) for shared in facts["asked_once"]}
    assert times["company_name"] == times["legal_representative"] == times["agent_name"] == 5
    assert times["credit_code"] == 4
    assert times["employees"] == times["bank"] == 3
    assert times["finance_officer"] == times["business_scope"] == 2
    licence = next(m for m in facts["materials"] if m["code"] == "m03")
    assert licence["produced_by"] == "company-registration"


def test_a_licence_that_is_renewed_is_not_said_to_come_out_of_its_renewal(city: City) -> None:
    for edition in (e for e in editions(city) if e.procedure.kind == "item"):
        assert not any(m["produced_by"] for m in edition.facts["materials"]), edition.procedure.code


def test_an_edition_survives_the_wire(city: City) -> None:
    for edition in editions(city):
        event = edition.as_version(7)
        wire = json.loads(json.dumps(event.to_data()))
        assert event_class(event.type).from_data(wire) == event
        assert event.version == edition.definition(7)["version"] == 7
