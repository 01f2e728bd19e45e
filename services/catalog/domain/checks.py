"""What must be true of a whole catalogue before any of it is published."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from services.catalog.domain.graph_checks import Objection, check_limit, check_limits, check_procedure
from services.catalog.domain.model import City, Item, Package, Problem
from services.catalog.domain.procedures import (
    days_of,
    find_cycle,
    procedure_of_item,
    procedure_of_package,
    promise,
)

ELEMENTS, MATERIALS = "elements.yaml", "materials.yaml"
BASIC_CODE = re.compile(r"[0-9]{12}")


def problems_of(city: City) -> list[Problem]:
    """Every problem of a catalogue, in the order of its files."""
    found = [*_check_dictionary(city)]
    for code in sorted(city.items.keys() & city.packages.keys()):
        found.append(Problem(file=city.packages[code].file, field="code", reason=f"{code} is an item's code"))
    repeated = Counter(i.basic_code for i in city.items.values())
    for item in city.items.values():
        objections = [*_check_item(item, city), *check_procedure(procedure_of_item(item, city), city)]
        if repeated[item.basic_code] > 1:
            objections.append(("basic_code", "another item has the same"))
        found += [Problem(file=item.file, field=f, reason=r) for f, r in dict.fromkeys(objections)]
    for package in city.packages.values():
        if any(b.item in city.unreadable for b in package.branches):
            continue
        objections = [*_check_package(package, city)]
        objections += check_procedure(procedure_of_package(package, city), city)
        found += [Problem(file=package.file, field=f, reason=r) for f, r in dict.fromkeys(objections)]
    return found


def _check_dictionary(city: City) -> Iterator[Problem]:
    for element in city.elements.values():
        where = f"elements.{element.key}"
        if element.group not in city.groups:
            yield Problem(file=ELEMENTS, field=f"{where}.group", reason=f"no group {element.group}")
        if element.input in ("choice", "choices") and not element.labels:
            yield Problem(file=ELEMENTS, field=f"{where}.labels", reason="a choice needs labels")
    for material in city.materials.values():
        if isinstance(material.issuer, str) and material.issuer not in city.departments:
            yield Problem(
                file=MATERIALS, field=f"{material.code}.issuer", reason=f"no department {material.issuer}"
            )
        for key in material.gives:
            if key not in city.elements:
                yield Problem(file=MATERIALS, field=f"{material.code}.gives", reason=f"no element {key}")
        renewal = material.renewed_by
        if renewal and renewal not in city.items and renewal not in city.unreadable:
            yield Problem(file=MATERIALS, field=f"{material.code}.renewed_by", reason=f"no item {renewal}")


def _check_item(item: Item, city: City) -> Iterator[Objection]:
    if not BASIC_CODE.fullmatch(item.basic_code):
        yield "basic_code", "has twelve digits"
    yield from check_limits(item.statutory, item.promised)
    if item.extension:
        yield from check_limit("extension.limit", item.extension.limit)
    department = city.departments.get(item.department)
    if item.type == "licence":
        if item.kind != "decide":
            yield "kind", "a licence 行政许可 is decided"
        if department and not department.is_government:
            yield "type", f"{item.department} is a provider and grants no licence 许可"
    for name in item.optional:
        if name not in item.fields:
            yield "optional", f"{name} is not among the fields"
    for number, step in enumerate(item.steps):
        if isinstance(step.who, str) and step.who not in city.departments:
            yield f"steps.{number}.who", f"no department {step.who}"
    yield from _check_regroup(item, city)
    yield from _check_own_branches(item, city)
    yield from _check_tier(item)
    yield from _check_once_only(item, city)


def _check_own_branches(item: Item, city: City) -> Iterator[Objection]:
    """Named branches together read the item's fields and keep the item's promise."""
    if not item.branches:
        if item.join:
            yield "join", "goes with branches only"
        return
    read = {f for b in item.branches for f in b.fields}
    for name in sorted(set(item.fields) - read):
        yield "fields", f"{name} is asked but no branch reads it"
    for name in sorted(read - set(item.fields)):
        yield "fields", f"{name} is read by a branch but not declared"
    if not find_cycle({b.key: b.depends_on for b in item.branches}):
        procedure = procedure_of_item(item, city)
        longest = promise(procedure.branches, procedure.join.over)
        if days_of(longest.limit) != days_of(item.promised):
            yield "promised", f"the longest path takes {longest.limit.value:g}: {' → '.join(longest.path)}"


def _check_regroup(thing: Item | Package, city: City) -> Iterator[Objection]:
    for name, group in thing.regroup.items():
        if name not in city.elements:
            yield "regroup", f"no element {name}"
        if group not in city.groups:
            yield "regroup", f"no group {group}"


def _check_tier(item: Item) -> Iterator[Objection]:
    """Tier a ⇒ depth IV and no visit; b ⇒ III and at least one; c ⇒ I or II, visits as elsewhere, with
    the address of the system that handles it and the whole way there."""
    if item.visits < 0:
        yield "visits", "can't be less than 0"
    if item.tier == "a" and (item.depth != 4 or item.visits != 0):
        yield "tier", "tier a means depth IV and no visit"
    if item.tier == "b" and (item.depth != 3 or item.visits < 1):
        yield "tier", "tier b means depth III and at least one visit"
    if item.tier == "c" and item.depth not in (1, 2):
        yield "tier", "tier c means depth I or II"
    if item.tier == "c" and item.external is None:
        yield "external", "tier c needs the address of the system that handles it, and a guide"
    if item.tier != "c" and item.external is not None:
        yield "external", "goes with tier c only"


def _check_once_only(item: Item, city: City) -> Iterator[Objection]:
    """The guard of the three 不得要求: nothing the city holds, no proof a network check answers, no visit
    where every step can be online, unless an article demands it."""
    for number, use in enumerate(item.materials):
        where = f"materials.{number}"
        material = city.materials.get(use.material)
        if material is None:
            yield where, f"no material {use.material}"
        elif use.exception:
            continue
        elif material.held and use.how != "reuse":
            yield where, f"the city holds {material.title.zh}: reuse it"
        elif material.network_check and use.how != "check":
            yield where, f"{material.title.zh} is answered by a network check: use it"
        elif not material.held and use.how == "reuse":
            yield where, f"the city does not hold {material.title.zh}"
        elif not material.network_check and use.how == "check":
            yield where, f"no network check answers {material.title.zh}"
        elif not material.template and use.how == "template":
            yield where, f"there is no template of {material.title.zh}"
    if item.visits > 0 and all(s.online for s in item.steps) and not item.visit_exception:
        yield "visits", "every step can be online: no visit may be asked"


def _check_package(package: Package, city: City) -> Iterator[Objection]:
    for number, branch in enumerate(package.branches):
        item = city.items.get(branch.item)
        if item is None:
            yield f"branches.{number}.item", f"no item {branch.item}"
        elif item.branches:
            yield f"branches.{number}.item", f"{branch.item} is handled by several departments itself"
    for number, first in enumerate(package.needs_first):
        if first.item not in city.items:
            yield f"needs_first.{number}.item", f"no item {first.item}"
    yield from _check_regroup(package, city)
