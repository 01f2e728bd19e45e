"""From what editors write to what the services share: the procedure of an item or a package."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contracts.procedure import BranchKind, BranchSpec, Join, Limit, MaterialSpec, Procedure
from services.catalog.domain.form import merged_form
from services.catalog.domain.model import City, Item, ItemBranch, MaterialUse, Package

HIGHEST_LEVEL = 3


@dataclass(frozen=True, kw_only=True)
class Promise:
    """The longest way through the branches: its sum and the branches on it."""

    limit: Limit
    path: tuple[str, ...]


def procedure_of_item(item: Item, city: City, *, version: int = 1) -> Procedure:
    """The item's own procedure: its department alone, or the branches it names."""
    branches = tuple(_own_branch(item, b) for b in item.branches) or (whole_item(item),)
    return Procedure(
        code=item.code,
        version=version,
        kind="item",
        title=item.title,
        lead_department=item.department,
        audience=item.audience,
        acceptance=item.acceptance,
        acceptance_limit=item.acceptance_limit,
        branches=branches,
        join=item.join or Join(rule="all", over=tuple(b.key for b in branches)),
        form=merged_form(branches, item.optional, item.regroup, city),
        materials=used_materials([item], city),
        minimum_level=_level([item]),
        signers=item.signers,
    )


def procedure_of_package(package: Package, city: City, *, version: int = 1) -> Procedure:
    """The package's procedure. Result codes of an earlier branch flow to later ones and are not asked."""
    specs = [
        replace(whole_item(item), depends_on=b.depends_on, when=b.when, required=b.required)
        for b in package.branches
        if (item := city.items.get(b.item))
    ]
    flows = flowing_results(specs)
    branches = tuple(replace(s, fields=tuple(f for f in s.fields if f not in flows[s.key])) for s in specs)
    optional = {
        name
        for s in branches
        for name in city.items[s.item].optional
        if all(name in city.items[o.item].optional for o in branches if name in o.fields)
    }
    return Procedure(
        code=package.code,
        version=version,
        kind="package",
        title=package.title,
        lead_department=package.lead_department,
        audience=package.audience,
        acceptance=package.acceptance,
        acceptance_limit=package.acceptance_limit,
        branches=branches,
        join=package.join,
        form=merged_form(branches, optional, package.regroup, city),
        materials=used_materials((city.items[s.item] for s in specs), city),
        minimum_level=_level(city.items[s.item] for s in specs),
        signers=tuple(dict.fromkeys(who for s in specs for who in city.items[s.item].signers)),
    )


def used_materials(items: Iterable[Item], city: City) -> tuple[MaterialSpec, ...]:
    """The materials of these items, each once and in the way its first item says."""
    uses: dict[str, MaterialUse] = {}
    for use in (use for item in items for use in item.materials):
        uses.setdefault(use.material, use)
    return tuple(
        MaterialSpec(
            code=code,
            title=material.title,
            how=use.how,
            required=use.required,
            needed_when=use.note,
            formats=material.formats if use.how in ("upload", "template") else (),
            licence_type=material.licence_type,
            gives=material.gives,
        )
        for code, use in uses.items()
        if (material := city.materials.get(code))
    )


def _level(items: Iterable[Item]) -> int:
    """The highest real-name level any of these items asks for; nobody can have more than 3."""
    return min(HIGHEST_LEVEL, max((item.minimum_real_name_level for item in items), default=0))


def whole_item(item: Item) -> BranchSpec:
    """An item as one branch, keyed by the item's code."""
    return BranchSpec(
        key=item.code,
        item=item.code,
        title=item.title,
        department=item.department,
        kind=item.kind,
        statutory=item.statutory,
        promised=item.promised,
        fields=item.fields,
        materials=tuple(m.material for m in item.materials),
        issues=item.issues,
        produces=item.produces,
        **_result(item, item.issues),
        **_head(item, item.kind),
    )


def _own_branch(item: Item, branch: ItemBranch) -> BranchSpec:
    own = {name: getattr(branch, name) for name in branch.__dataclass_fields__}
    return BranchSpec(item=item.code, **own, **_result(item, branch.issues), **_head(item, branch.kind))


def _result(item: Item, issues: str | None) -> dict[str, Any]:
    """What agreement produces or ends: of several branches the one that issues."""
    if issues is None and (item.branches or item.result.revokes is None):
        return {}
    result = item.result
    return {
        "result": result.title,
        "valid_for": result.valid_for,
        "replaces": result.replaces,
        "revokes": result.revokes,
    }


def _head(item: Item, kind: BranchKind) -> dict[str, Any]:
    """What the department's head decides on: more time for a decision, and its refusal."""
    if kind != "decide":
        return {}
    limit = item.extension.limit if item.extension else None
    return {"extension": limit, "second_signature": item.second_signature}


def ancestors(branches: Sequence[BranchSpec]) -> dict[str, set[str]]:
    """For each branch all it depends on, near and far. Cycles end where they close."""
    direct = {b.key: b.depends_on for b in branches}

    def before(key: str, seen: set[str]) -> set[str]:
        for name in direct.get(key, ()):
            if name not in seen:
                seen.add(name)
                before(name, seen)
        return seen

    return {b.key: before(b.key, set()) for b in branches}


def flowing_results(branches: Sequence[BranchSpec]) -> dict[str, set[str]]:
    """For each branch the result codes that reach it from the branches it depends on."""
    produces = {b.key: b.produces for b in branches}
    return {
        key: {code for name in names for code in produces.get(name, ())}
        for key, names in ancestors(branches).items()
    }


def promise(branches: Sequence[BranchSpec], until: Collection[str] = ()) -> Promise:
    """A package's promise is the longest path, shown with its sum (in working days).

    With ``until`` it is the longest path that ends with one of these branches. On the spot counts as
    nothing. A branch alone keeps its own unit. The graph must be free of cycles.
    """
    by_key = {b.key: b for b in branches}
    longest: dict[str, tuple[float, tuple[str, ...]]] = {}

    def way_to(key: str) -> tuple[float, tuple[str, ...]]:
        if key not in longest:
            earlier = [way_to(name) for name in by_key[key].depends_on if name in by_key]
            days, path = max(earlier, default=(0.0, ()))
            longest[key] = (days + days_of(by_key[key].promised), (*path, key))
        return longest[key]

    ends = [key for key in until if key in by_key] or list(by_key)
    days, path = max((way_to(key) for key in ends), key=lambda way: way[0])
    if len(path) == 1:
        return Promise(limit=by_key[path[0]].promised, path=path)
    return Promise(limit=Limit(value=days, unit="working_days"), path=path)


def days_of(limit: Limit) -> float:
    """A limit's weight in a sum of working days."""
    return 0.0 if limit.unit == "on_the_spot" else limit.value


def find_cycle(depends_on: Mapping[str, Collection[str]]) -> list[str] | None:
    """A cycle in the graph as the keys along it, the first repeated at the end; None if there is none."""
    done: set[str] = set()

    def walk(key: str, path: list[str]) -> list[str] | None:
        if key in path:
            return [*path[path.index(key) :], key]
        if key in done:
            return None
        for name in depends_on.get(key, ()):
            if cycle := walk(name, [*path, key]):
                return cycle
        done.add(key)
        return None

    for key in depends_on:
        if cycle := walk(key, []):
            return cycle
    return None
