from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.procedure import Condition, Join, Limit
from services.catalog.domain import City, problems_of
from services.catalog.domain.model import MaterialUse, Override, Step
from services.catalog.domain.procedures import find_cycle, procedure_of_item, procedure_of_package, promise
from tests.unit.catalog.helpers import text

ADVERT, COMPANY, RESTAURANT = "outdoor-advertising", "new-company", "open-restaurant"


def objections(city: City) -> dict[str, str]:
    return {f"{p.file.split('/')[-1].removesuffix('.yaml')}: {p.field}": p.reason for p in problems_of(city)}


def with_item(city: City, code: str, **changes: Any) -> City:
    return replace(city, items={**city.items, code: replace(city.items[code], **changes)})


def with_package(city: City, code: str, **changes: Any) -> City:
    return replace(city, packages={**city.packages, code: replace(city.packages[code], **changes)})


def with_branches(city: City, code: str, changes: Mapping[str, Mapping[str, Any]]) -> City:
    """A city whose item ``code`` has its own branches changed, by their keys."""
    branches = tuple(replace(b, **changes.get(b.key, {})) for b in city.items[code].branches)
    return with_item(city, code, branches=branches)


def test_the_sample_city_has_no_problem(city: City) -> None:
    assert problems_of(city) == []


def test_a_circle_is_named_by_its_branches(city: City) -> None:
    spoilt = with_branches(city, ADVERT, {"site-visit": {"depends_on": ("decision",)}})
    assert objections(spoilt) == {
        "outdoor-advertising: branches": "depend on each other in a circle: "
        "site-visit → decision → site-visit"
    }


def test_a_branch_that_waits_for_itself_is_a_circle(city: City) -> None:
    spoilt = with_branches(city, ADVERT, {"site-visit": {"depends_on": ("site-visit",)}})
    assert "outdoor-advertising: branches" in objections(spoilt)


def test_a_branch_may_not_wait_for_one_that_does_not_exist(city: City) -> None:
    spoilt = with_branches(city, ADVERT, {"decision": {"depends_on": ("site-visit", "moon-opinion")}})
    found = objections(spoilt)
    assert found["outdoor-advertising: branches.4.depends_on"] == "no branch moon-opinion"


def test_every_problem_is_named_at_once(city: City) -> None:
    spoilt = with_branches(
        city,
        ADVERT,
        {
            "planning-opinion": {"department": "QQ", "timeout_source": None},
            "site-visit": {"promised": Limit(value=0, unit="working_days")},
            "decision": {"materials": ("m99",), "when": (Condition(field="moon", equals=1),)},
        },
    )
    spoilt = with_item(spoilt, "shop-sign", tier="b", basic_code="12")
    assert set(objections(spoilt)) == {
        "outdoor-advertising: branches.0.department",
        "outdoor-advertising: branches.0.timeout_source",
        "outdoor-advertising: branches.3.promised",
        "outdoor-advertising: branches.4.materials",
        "outdoor-advertising: branches.4.when",
        "outdoor-advertising: join.over",
        "shop-sign: basic_code",
        "shop-sign: tier",
    }


@pytest.mark.parametrize(
    ("source", "fine"),
    [
        ("《中华人民共和国行政许可法》第五十条", True),
        ("江塘市并联审批管理办法第十二条", False),
        ("本市惯例", False),
        (None, False),
    ],
)
def test_a_decision_by_silence_needs_a_named_law(city: City, source: str | None, fine: bool) -> None:
    spoilt = with_branches(
        city, ADVERT, {"decision": {"on_timeout": "deemed_agreed", "timeout_source": source}}
    )
    assert (objections(spoilt) == {}) is fine


def test_a_rule_about_silence_without_silence_is_an_error(city: City) -> None:
    spoilt = with_branches(city, ADVERT, {"planning-opinion": {"on_timeout": "escalate"}})
    assert "outdoor-advertising: branches.0.timeout_source" in objections(spoilt)


@pytest.mark.parametrize(
    ("join", "field"),
    [
        (Join(rule="all", over=("food-licence", "moon")), "join.over"),
        (Join(rule="all", over=("food-licence", "water-connection")), "join.over"),
        (Join(rule="all", over=("drainage-permit", "fire-safety-check")), "join.over"),
        (Join(rule="all", over=()), "join.over"),
        (Join(rule="k_of_n", over=("food-licence", "shop-sign")), "join.k"),
        (Join(rule="k_of_n", over=("food-licence", "shop-sign"), k=3), "join.k"),
        (Join(rule="any", over=("food-licence", "shop-sign"), k=1), "join.k"),
    ],
)
def test_a_join_names_deciding_branches_that_may_be_reached(city: City, join: Join, field: str) -> None:
    assert set(objections(with_package(city, RESTAURANT, join=join))) == {f"open-restaurant: {field}"}


@pytest.mark.parametrize("rule", [Join(rule="k_of_n", over=("food-licence", "shop-sign"), k=1)])
def test_k_of_n_branches_may_decide(city: City, rule: Join) -> None:
    assert objections(with_package(city, RESTAURANT, join=rule)) == {}


@pytest.mark.parametrize(
    ("condition", "fine"),
    [
        (Condition(field="area", at_least=100), True),
        (Condition(field="has_sign", at_least=1), False),
        (Condition(field="has_sign", equals="yes"), False),
        (Condition(field="has_sign"), False),
        (Condition(field="area", equals=3, at_least=3), False),
        (Condition(field="fire_commitment", equals="commitment"), True),
        (Condition(field="fire_commitment", equals="maybe"), False),
        (Condition(field="moon", equals=True), False),
    ],
)
def test_a_condition_can_be_met(city: City, condition: Condition, fine: bool) -> None:
    branches = tuple(
        replace(b, when=(condition,)) if b.item == "shop-sign" else b
        for b in city.packages[RESTAURANT].branches
    )
    found = objections(with_package(city, RESTAURANT, branches=branches))
    assert ("open-restaurant: branches.2.when" not in found) is fine


@pytest.mark.parametrize(
    ("promised", "fine"),
    [
        (Limit(value=3, unit="working_days"), True),
        (Limit(value=0.5, unit="working_days"), True),
        (Limit(value=0.4, unit="working_days"), False),
        (Limit(value=-1, unit="working_days"), False),
        (Limit(value=1.5, unit="calendar_days"), False),
        (Limit(value=1, unit="on_the_spot"), False),
        (Limit(value=21, unit="working_days"), False),
    ],
)
def test_a_limit_counts_whole_units_and_keeps_within_the_law(city: City, promised: Limit, fine: bool) -> None:
    found = objections(with_item(city, "drainage-permit", promised=promised))
    assert (found == {}) is fine


def test_a_provider_decides_nothing(city: City) -> None:
    found = objections(with_item(city, "water-connection", kind="decide", type="licence"))
    assert found["water-connection: branches.0.kind"] == "GS is a provider, only a department decides"
    assert "water-connection: type" in found


def test_a_licence_is_decided(city: City) -> None:
    assert "drainage-permit: kind" in objections(with_item(city, "drainage-permit", kind="record"))


def test_a_result_that_flows_must_be_waited_for(city: City) -> None:
    branches = tuple(replace(b, depends_on=()) for b in city.packages[COMPANY].branches)
    found = objections(with_package(city, COMPANY, branches=branches))
    assert found["new-company: branches.1.depends_on"] == (
        "credit_code comes from company-registration, which must be done first"
    )


def test_a_sum_of_promises_counts_working_days(city: City) -> None:
    found = objections(with_item(city, "seal-engraving", promised=Limit(value=2, unit="calendar_days")))
    assert set(found) == {"new-company: branches.1.promised"}


def test_a_page_asks_no_more_than_it_may(city: City) -> None:
    found = objections(replace(city, largest_group=5))
    assert "open-restaurant: form.shop" in found


def test_what_the_city_holds_is_never_asked_for(city: City) -> None:
    materials = (MaterialUse(material="m03", how="upload"), MaterialUse(material="n3", how="upload"))
    found = objections(with_item(city, "shop-sign", materials=materials))
    assert found == {
        "shop-sign: materials.0": "the city holds 营业执照: reuse it",
        "shop-sign: materials.1": "信用报告 is answered by a network check: use it",
    }


def test_an_override_names_its_article(city: City) -> None:
    because = Override(article="《样例法》第一条", reason=text("涉密"))
    materials = (MaterialUse(material="m03", how="upload", exception=because),)
    assert objections(with_item(city, "shop-sign", materials=materials)) == {}


@pytest.mark.parametrize(("material", "how"), [("m10", "reuse"), ("m10", "check"), ("m10", "template")])
def test_a_material_comes_in_a_way_it_can_come(city: City, material: str, how: Any) -> None:
    materials = (MaterialUse(material=material, how=how),)
    assert "shop-sign: materials.0" in objections(with_item(city, "shop-sign", materials=materials))


def test_no_visit_is_asked_where_every_step_can_be_online(city: City) -> None:
    in_person = {"tier": "b", "depth": 3, "visits": 1}
    assert set(objections(with_item(city, "shop-sign", **in_person))) == {"shop-sign: visits"}
    steps = (Step(title=text("到场核验"), who="CG", online=False),)
    assert objections(with_item(city, "shop-sign", **in_person, steps=steps)) == {}
    because = Override(article="《民法典》第一千零四十九条", reason=text("须亲自到场"))
    assert objections(with_item(city, "shop-sign", **in_person, visit_exception=because)) == {}


@pytest.mark.parametrize(
    ("tier", "depth", "visits"), [("a", 3, 0), ("a", 4, 1), ("b", 4, 1), ("b", 3, 0), ("c", 3, 0)]
)
def test_tier_depth_and_visits_agree(city: City, tier: str, depth: int, visits: int) -> None:
    found = objections(with_item(city, "shop-sign", tier=tier, depth=depth, visits=visits))
    assert "shop-sign: tier" in found


def test_named_branches_read_what_the_item_asks_and_keep_its_promise(city: City) -> None:
    fields = (*city.items["street-canopy"].fields[1:], "area")
    two_days = Limit(value=2, unit="working_days")
    spoilt = with_item(city, "street-canopy", fields=fields, promised=two_days)
    assert [(p.field, p.reason) for p in problems_of(spoilt)] == [
        ("fields", "area is asked but no branch reads it"),
        ("fields", "shop_name is read by a branch but not declared"),
        ("promised", "the longest path takes 3: streets"),
    ]


def test_a_package_names_items_that_one_department_handles(city: City) -> None:
    package = city.packages[RESTAURANT]
    branches = (*package.branches, replace(package.branches[1], item=ADVERT))
    found = objections(with_package(city, RESTAURANT, branches=branches))
    assert found["open-restaurant: branches.6.item"] == f"{ADVERT} is handled by several departments itself"


def test_the_promise_of_a_package_is_its_longest_path(city: City) -> None:
    company = promise(procedure_of_package(city.packages[COMPANY], city).branches)
    assert company.limit == Limit(value=1.5, unit="working_days")
    assert company.path == ("company-registration", "seal-engraving")
    restaurant = promise(procedure_of_package(city.packages[RESTAURANT], city).branches)
    assert restaurant.limit == Limit(value=10, unit="working_days")


def test_what_opens_after_the_decision_is_not_in_an_items_promise(city: City) -> None:
    advert = procedure_of_item(city.items[ADVERT], city)
    assert promise(advert.branches, advert.join.over).limit == Limit(value=5, unit="working_days")
    assert promise(advert.branches).path[-2:] == ("decision", "street-occupation")


graphs = st.dictionaries(
    st.sampled_from("abcdefg"), st.frozensets(st.sampled_from("abcdefg"), max_size=3), max_size=7
)


@given(graphs)
def test_a_cycle_is_found_exactly_when_there_is_no_order(graph: dict[str, frozenset[str]]) -> None:
    cycle = find_cycle(graph)
    left = {k: set(v) & graph.keys() for k, v in graph.items()}
    while free := [k for k, v in left.items() if not v]:
        for key in free:
            del left[key]
        for rest in left.values():
            rest.difference_update(free)
    assert bool(cycle) == bool(left)
    if cycle:
        assert cycle[0] == cycle[-1]
        assert all(b in graph[a] for a, b in pairwise(cycle))
