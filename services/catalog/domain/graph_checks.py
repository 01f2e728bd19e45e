"""What must be true of every procedure before it is published. All objections at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from contracts.procedure import BranchSpec, Condition, Join, Limit, Procedure
from services.catalog.domain.model import City
from services.catalog.domain.procedures import ancestors, find_cycle

Objection = tuple[str, str]
"""The field (dotted) and the reason."""

NAMED_LAW = re.compile(r"《.+》.*第.+条")


def check_procedure(procedure: Procedure, city: City) -> Iterator[Objection]:
    """Every objection to a procedure: its graph, branches, join and form."""
    branches = procedure.branches
    keys = [b.key for b in branches]
    if procedure.lead_department not in city.departments:
        yield "lead_department", f"no department {procedure.lead_department}"
    yield from check_limit("acceptance_limit", procedure.acceptance_limit)
    for key, times in Counter(keys).items():
        if times > 1:
            yield "branches", f"the key {key} is used {times} times"
    for number, branch in enumerate(branches):
        for where, reason in _check_branch(branch, keys, city):
            yield f"branches.{number}.{where}", reason
    yield from _check_graph(branches)
    yield from _check_join(procedure.join, branches)
    yield from _check_signers(procedure)
    for page in procedure.form["x-groups"]:
        if len(page["fields"]) > city.largest_group:
            yield (
                f"form.{page['key']}",
                f"asks {len(page['fields'])} questions on one page, at most {city.largest_group} are allowed",
            )


def check_limit(where: str, limit: Limit | None) -> Iterator[Objection]:
    """A limit counts whole units; working days may be halves, on the spot counts 0."""
    if limit is None:
        return
    if limit.unit == "on_the_spot":
        if limit.value != 0:
            yield where, "on the spot has the value 0"
    elif limit.value <= 0:
        yield where, "must be more than 0"
    elif (limit.value * (2 if limit.unit == "working_days" else 1)) % 1:
        yield where, "counts whole units (working days also halves)"


def check_limits(statutory: Limit | None, promised: Limit) -> Iterator[Objection]:
    """Both limits, and that the promise 承诺 is no longer than the law's 法定."""
    yield from check_limit("statutory", statutory)
    yield from check_limit("promised", promised)
    if statutory and statutory.unit == promised.unit and promised.value > statutory.value:
        yield "promised", "is longer than the statutory limit"


def _check_signers(procedure: Procedure) -> Iterator[Objection]:
    """Each signer is named by fields the form has; of a list, by members of its rows."""
    fields = procedure.form["properties"]
    for number, signer in enumerate(procedure.signers):
        where, among = f"signers.{number}", fields
        if signer.rows is not None:
            rows = fields.get(signer.rows, {})
            if rows.get("type") != "array":
                yield f"{where}.rows", f"no list {signer.rows} in the form"
                continue
            among = rows["items"].get("properties", {})
        for part in ("named_by", "numbered_by"):
            if getattr(signer, part) not in among:
                yield f"{where}.{part}", f"no element {getattr(signer, part)}"


def _check_branch(branch: BranchSpec, keys: Sequence[str], city: City) -> Iterator[Objection]:
    for where in ("fields", "materials", "depends_on", "produces"):
        for name, times in Counter(getattr(branch, where)).items():
            if times > 1:
                yield where, f"{name} is given {times} times"
    department = city.departments.get(branch.department)
    if department is None:
        yield "department", f"no department {branch.department}"
    elif branch.kind == "decide" and not department.is_government:
        yield "kind", f"{branch.department} is a provider, only a department decides"
    yield from check_limits(branch.statutory, branch.promised)
    for name in branch.depends_on:
        if name not in keys:
            yield "depends_on", f"no branch {name}"
    for name in branch.fields:
        if name not in city.elements:
            yield "fields", f"no element {name}"
    for code in branch.materials:
        if code not in city.materials:
            yield "materials", f"no material {code}"
    for condition in branch.when:
        yield from _check_condition(condition, city)
    yield from _check_silence(branch)


def _check_silence(branch: BranchSpec) -> Iterator[Objection]:
    """Silence is never consent by default; a decision by silence needs a law that says so
    (Administrative License Law, art. 50, is one)."""
    if branch.on_timeout == "escalate":
        if branch.timeout_source:
            yield "timeout_source", "has no meaning unless silence counts as agreement"
    elif not branch.timeout_source:
        yield "timeout_source", "silence counts as agreement only by a rule: name it"
    elif branch.kind == "decide" and not NAMED_LAW.search(branch.timeout_source):
        yield "timeout_source", "a decision by silence needs a law and its article, as 《…》第…条"


def _check_condition(condition: Condition, city: City) -> Iterator[Objection]:
    element = city.elements.get(condition.field)
    if element is None:
        yield "when", f"no element {condition.field}"
        return
    if (condition.equals is None) == (condition.at_least is None):
        yield "when", f"{condition.field}: give equals or at_least"
    elif condition.at_least is not None:
        if element.schema.get("type") not in ("number", "integer"):
            yield "when", f"{condition.field} is no number, at_least never holds"
    elif element.labels:
        if condition.equals not in element.labels:
            yield "when", f"{condition.field} is never {condition.equals!r}"
    elif element.schema.get("type") == "boolean" and not isinstance(condition.equals, bool):
        yield "when", f"{condition.field} is true or false"


def _check_graph(branches: Sequence[BranchSpec]) -> Iterator[Objection]:
    if not branches:
        yield "branches", "there is none"
        return
    if cycle := find_cycle({b.key: b.depends_on for b in branches}):
        yield "branches", f"depend on each other in a circle: {' → '.join(cycle)}"
        return
    before = ancestors(branches)
    by_key = {b.key: b for b in branches}
    for number, branch in enumerate(branches):
        for producer in branches:
            known = set(branch.fields) & set(producer.produces)
            if known and producer.key != branch.key and producer.key not in before[branch.key]:
                yield (
                    f"branches.{number}.depends_on",
                    f"{', '.join(sorted(known))} comes from {producer.key}, which must be done first",
                )
        earlier = [by_key[k] for k in before[branch.key] if k in by_key]
        for other in (branch, *earlier) if earlier else ():
            if other.promised.unit not in ("working_days", "on_the_spot"):
                yield (
                    f"branches.{number}.promised",
                    f"{other.key} promises in {other.promised.unit}: a sum counts working days",
                )


def _check_join(join: Join, branches: Sequence[BranchSpec]) -> Iterator[Objection]:
    by_key = {b.key: b for b in branches}
    if not join.over:
        yield "join.over", "names no branch"
    for key in join.over:
        if key not in by_key:
            yield "join.over", f"no branch {key}"
        elif by_key[key].kind != "decide" and any(b.kind == "decide" for b in branches):
            yield "join.over", f"{key} is of kind {by_key[key].kind}: only deciding branches are joined"
    if join.over and all(by_key[k].when for k in join.over if k in by_key):
        yield "join.over", "a form may call for none of these branches"
    if join.rule == "k_of_n":
        if join.k is None or not 1 <= join.k <= len(join.over):
            yield "join.k", f"must be from 1 to {len(join.over)}"
    elif join.k is not None:
        yield "join.k", "goes with the rule k_of_n only"
