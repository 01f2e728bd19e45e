"""The facts beside a procedure: what guides show and what the national item list asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from contracts.procedure import BranchSpec, Procedure, Text
from services.catalog.domain.model import City, Item, Material, MaterialUse, Package
from services.catalog.domain.procedures import promise

ITEM_TYPES = {
    "licence": Text(zh="行政许可", en="Administrative licence"),
    "confirmation": Text(zh="行政确认", en="Administrative confirmation"),
    "registration": Text(zh="登记", en="Registration"),
    "filing": Text(zh="备案", en="Filing"),
    "benefit": Text(zh="行政给付", en="Benefit"),
    "public_service": Text(zh="公共服务", en="Public service"),
    "utility": Text(zh="公用服务", en="Utility"),
    "other": Text(zh="其他行政权力", en="Other administrative power"),
}
IMMEDIATE = Text(zh="即办件", en="Handled at once")
PROMISED = Text(zh="承诺件", en="Handled by a promised day")
DEPTHS = {1: "I", 2: "II", 3: "III", 4: "IV"}
COUNTY_LEVEL = "4"


def item_facts(item: Item, procedure: Procedure, city: City) -> dict[str, Any]:
    """An item's elements (国家政务服务事项基本目录) as JSON values; texts in zh and en, money in fen."""
    department = city.departments[item.department]
    on_the_spot = item.promised.unit == "on_the_spot"
    return {
        "sample": item.sample,
        "type": {"code": item.type, **asdict(ITEM_TYPES[item.type])},
        "basic_code": item.basic_code,
        "implementation_code": implementation_code(department.credit_code, item.basic_code),
        "case_kind": {
            "code": "immediate" if on_the_spot else "promised",
            **asdict(IMMEDIATE if on_the_spot else PROMISED),
        },
        "basis": _all(item.basis),
        "steps": [
            {"title": asdict(s.title), "who": who_entry(s.who, city), "online": s.online} for s in item.steps
        ],
        "statutory": asdict(item.statutory) if item.statutory else None,
        "promised": asdict(item.promised),
        "promise_path": list(promise(procedure.branches, procedure.join.over).path),
        "extension": asdict(item.extension) if item.extension else None,
        "fee_basis": asdict(item.fee.basis),
        "result": asdict(item.result),
        "entrusted_body": asdict(item.entrusted_body) if item.entrusted_body else None,
        "intermediary_services": _all(item.intermediary_services),
        "minimum_real_name_level": item.minimum_real_name_level,
        "classified": item.classified,
        "level": asdict(item.level),
        "exercised_level": asdict(item.exercised_level),
        "conditions": _all(item.conditions),
        "materials": _materials([item], procedure, city),
        "fee_fen": item.fee.fen,
        "visits": item.visits,
        "visit_exception": asdict(item.visit_exception) if item.visit_exception else None,
        "depth": item.depth,
        "depth_name": DEPTHS[item.depth],
        "tier": item.tier,
        "external": asdict(item.external) if item.external else None,
        "theme": list(item.theme),
        "scope": asdict(item.scope),
        "remedies": _all(item.remedies),
        "contact": _contact(item, item.department, city),
        "faq": _all(item.faq),
    }


def package_facts(package: Package, procedure: Procedure, city: City) -> dict[str, Any]:
    """A package's facts: the union of its items' (nothing twice), and what is shared between them."""
    items = [city.items[b.item] for b in package.branches]
    longest = promise(procedure.branches)
    return {
        "sample": any(i.sample for i in items),
        "summary": asdict(package.summary),
        "items": [
            {
                "code": i.code,
                "title": asdict(i.title),
                "result": asdict(i.result.title),
                "fee_fen": i.fee.fen,
                "visits": i.visits,
            }
            for i in items
        ],
        "needs_first": [
            {"code": n.item, "title": asdict(city.items[n.item].title), "unless": asdict(n.unless)}
            for n in package.needs_first
        ],
        "basis": _all(_unique(b for i in items for b in i.basis)),
        "steps": [
            {"title": asdict(b.title), "who": who_entry(b.department, city), "online": True}
            for b in procedure.branches
        ],
        "statutory": None,
        "promised": asdict(longest.limit),
        "promise_path": list(longest.path),
        "asked_once": asked_once(procedure, city),
        "outcomes": _all(package.outcomes),
        "conditions": _all(_unique(c for i in items for c in i.conditions)),
        "materials": _materials(items, procedure, city),
        "fee_fen": sum(i.fee.fen for i in items),
        "visits": max(i.visits for i in items),
        "depth": (depth := min(i.depth for i in items)),
        "depth_name": DEPTHS[depth],
        "tier": max(i.tier for i in items),
        "theme": list(package.theme),
        "scope": asdict(items[0].scope),
        "remedies": _all(_unique(r for i in items for r in i.remedies)),
        "contact": _contact(items[0], package.lead_department, city),
        "faq": _all(package.faq),
    }


def implementation_code(credit_code: str, basic_code: str) -> str:
    """实施编码 of 31 characters: the department's credit code, the level exercised, the basic code."""
    return credit_code + COUNTY_LEVEL + basic_code


def asked_once(procedure: Procedure, city: City) -> list[dict[str, Any]]:
    """Fields and flowing results that more than one branch reads: the answers nobody gives twice."""
    readers: dict[str, list[str]] = {}
    for branch in procedure.branches:
        for name in city.items[branch.item].fields:
            readers.setdefault(name, []).append(branch.key)
    return [
        {"field": name, "title": asdict(city.elements[name].title), "branches": keys}
        for name, keys in readers.items()
        if len(keys) > 1
    ]


def _materials(items: list[Item], procedure: Procedure, city: City) -> list[dict[str, Any]]:
    uses: dict[str, tuple[MaterialUse, list[str]]] = {}
    for item in items:
        for use in item.materials:
            uses.setdefault(use.material, (use, []))[1].append(item.code)
    issuers = {b.issues: b for b in procedure.branches if b.issues}
    return [
        {
            **material_entry(material, city),
            "how": use.how,
            "note": asdict(use.note) if use.note else None,
            "exception": asdict(use.exception) if use.exception else None,
            "items": codes,
            "produced_by": _produced_by(issuers.get(material.licence_type or ""), codes),
        }
        for code, (use, codes) in uses.items()
        for material in [city.materials[code]]
    ]


def _produced_by(issuer: BranchSpec | None, users: list[str]) -> str | None:
    """The branch whose licence another one uses; who renews his own licence has it already."""
    return issuer.key if issuer and any(code != issuer.item for code in users) else None


def material_entry(material: Material, city: City) -> dict[str, Any]:
    """What a guide says of a material whoever uses it."""
    return {
        "code": material.code,
        "title": asdict(material.title),
        "issuer": who_entry(material.issuer, city),
        "held": material.held,
    }


def _contact(item: Item, code: str, city: City) -> dict[str, Any]:
    department = city.departments[code]
    return {
        "department": asdict(department.name),
        "phone": department.phone,
        "place": asdict(item.place),
        "opening": asdict(item.opening),
        "supervision_phone": item.supervision_phone,
    }


def who_entry(who: str | Text | None, city: City) -> dict[str, Any] | None:
    """Who does it: a department with its code and name, or a text."""
    if who is None:
        return None
    name = city.departments[who].name if isinstance(who, str) else who
    return {"department": who if isinstance(who, str) else None, **asdict(name)}


def _all(values: Iterable[Any]) -> list[dict[str, Any]]:
    return [asdict(v) for v in values]


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
