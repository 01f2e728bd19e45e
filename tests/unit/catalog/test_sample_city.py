"""What the sample city must hold, and the rules its materials follow."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from services.catalog.domain import City, problems_of
from services.catalog.domain.facts import item_facts
from services.catalog.domain.materials import material_rules
from services.catalog.domain.model import External
from services.catalog.domain.procedures import procedure_of_item
from services.catalog.guide_files import read_guidance
from tests.unit.catalog.helpers import SAMPLE, text

PROVIDERS = {"GJ", "GS", "GD", "GQ"}
A_LAW_OR_OUR_OWN = re.compile(r"^(江塘市.*（样例）|.*(法|法典|条例|办法|规程|规则))$")


def test_all_departments_and_providers_have_items(city: City) -> None:
    per = Counter(i.department for i in city.items.values())
    assert len(city.items) >= 80
    assert per.keys() == city.departments.keys()
    assert {code for code, d in city.departments.items() if not d.is_government} == PROVIDERS
    assert {"GA", "RS"} <= {code for code, _ in per.most_common(4)}


def test_all_three_tiers_and_most_types_are_there(city: City) -> None:
    items = city.items.values()
    assert {i.tier for i in items} == {"a", "b", "c"}
    assert {i.type for i in items} == {
        "licence", "confirmation", "registration", "filing", "benefit", "public_service", "utility", "other",
    }  # fmt: skip
    kinds = Counter(i.promised.unit == "on_the_spot" for i in items)
    assert kinds[True] >= 20 and kinds[False] >= 20


def test_the_same_licence_is_changed_renewed_reissued_and_ended(city: City) -> None:
    assert {"food-licence" + end for end in ("", "-change", "-renewal", "-reissue", "-cancellation")} <= (
        city.items.keys()
    )


def test_no_law_is_cited_but_those_that_exist_or_the_citys_own(city: City) -> None:
    laws = {b.law.zh for i in city.items.values() for b in i.basis}
    assert [law for law in laws if not A_LAW_OR_OUR_OWN.match(law)] == []
    invented = [b for i in city.items.values() for b in i.basis if "样例" in b.law.zh]
    assert all(b.articles == () for b in invented)


def test_there_is_guidance_for_packages_and_many_items(city: City) -> None:
    guidance, _ = read_guidance(SAMPLE)
    assert {"new-company", "open-restaurant", "outdoor-advertising"} <= guidance.situations.keys()
    assert len(guidance.situations.keys() & city.items.keys()) >= 15
    assert len(guidance.synonyms) >= 120
    assert 8 <= len(guidance.policies) <= 12
    assert guidance.forms.keys() == city.items.keys() | city.packages.keys()
    kinds = Counter(p.kind for p in guidance.places.values())
    assert kinds == {"city": 1, "street": 2, "town": 5, "zone": 1, "community": 10, "village": 7}


def test_a_system_elsewhere_is_named_with_its_address_and_the_whole_way(city: City) -> None:
    item = city.items["passport"]
    external = item_facts(item, procedure_of_item(item, city), city)["external"]
    assert external["url"].startswith("https://")
    assert len(external["guide"]) >= 3
    assert external["system"]["en"]


@pytest.mark.parametrize(
    ("code", "changes", "reason"),
    [
        (
            "passport",
            {"external": None},
            "tier c needs the address of the system that handles it, and a guide",
        ),
        ("passport", {"depth": 3}, "tier c means depth I or II"),
        ("passport", {"depth": 4, "visits": 0}, "tier c means depth I or II"),
        ("id-card-reissue", {"visits": 0}, "tier b means depth III and at least one visit"),
        ("id-card-reissue", {"depth": 4}, "tier b means depth III and at least one visit"),
        ("food-licence-renewal", {"visits": 1}, "tier a means depth IV and no visit"),
        ("food-licence-renewal", {"depth": 3}, "tier a means depth IV and no visit"),
        (
            "food-licence-renewal",
            {"external": External(system=text("样例"), url="https://a.example", guide=(text("样例"),))},
            "goes with tier c only",
        ),
    ],
)
def test_a_tier_keeps_its_rules(city: City, code: str, changes: dict[str, Any], reason: str) -> None:
    changed = replace(city, items={**city.items, code: replace(city.items[code], **changes)})
    assert reason in [p.reason for p in problems_of(changed)]


def test_a_certificate_says_which_items_it_feeds(city: City) -> None:
    licence = material_rules(city.materials["m03"], city)
    assert {"seal-engraving", "food-licence", "outdoor-advertising", "road-freight"} <= set(
        licence["feeds"]["items"]
    )
    assert set(licence["feeds"]["packages"]) == {"new-company", "open-restaurant"}
    assert licence["gives"][:2] == ["company_name", "credit_code"]
    assert licence["licence_type"] == "business-licence"
    assert licence["feeds"]["all"] is False
    assert material_rules(city.materials["m01"], city)["feeds"]["all"] is True


def test_a_certificate_is_used_for_its_holder_while_valid_and_never_uploaded_instead(city: City) -> None:
    feeds = material_rules(city.materials["m06"], city)["feeds"]
    assert feeds["holder"] == ["applicant", "principal"]
    assert feeds["valid_at"] == ["acceptance", "decision"]
    assert (feeds["purpose"], feeds["consent"]) == ("named", "recorded")
    assert feeds["expired"] == {"upload": False, "renew": "food-licence-renewal"}
    assert {"online-catering-filing", "food-licence-renewal"} <= set(feeds["items"])


def test_what_the_applicant_brings_feeds_nothing(city: City) -> None:
    lease = material_rules(city.materials["m10"], city)
    assert lease["feeds"] is None
    assert "company-registration" in lease["used_by"]["items"]


@pytest.mark.parametrize(
    ("code", "feeds"),
    [
        ("m02", {"birth-registration", "minimum-living"}),
        ("m04", {"house-transfer"}),
        ("m05", {"house-transfer", "rent-withdrawal"}),
        ("m07", {"birth-registration"}),
        ("m08", {"minimum-living"}),
        ("m09", {"food-licence"}),
    ],
)
def test_the_certificates_of_the_city_feed_what_they_prove(city: City, code: str, feeds: set[str]) -> None:
    assert feeds <= set(material_rules(city.materials[code], city)["feeds"]["items"])


@pytest.mark.parametrize(
    ("change", "field"),
    [({"gives": ("moon",)}, "m03.gives"), ({"renewed_by": "moon"}, "m03.renewed_by")],
)
def test_a_material_gives_elements_that_exist(city: City, change: dict[str, Any], field: str) -> None:
    changed = replace(city, materials={**city.materials, "m03": replace(city.materials["m03"], **change)})
    assert field in [p.field for p in problems_of(changed)]
