"""What must be true of places, policies, words and situations before any of them is published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.catalog.domain.facts import item_facts, material_entry, package_facts, who_entry
from services.catalog.domain.graph_checks import Objection
from services.catalog.domain.guide import WrongAnswers, personal
from services.catalog.domain.guide_model import Ask, Effect, Expected, Guidance, Place, Policy, Situation
from services.catalog.domain.model import City, Item, Package, Problem
from services.catalog.domain.procedures import procedure_of_item, procedure_of_package

PLACES, SYNONYMS = "places.yaml", "synonyms.yaml"
MOST_QUESTIONS = 7
PARENTS: Mapping[str, tuple[str | None, ...]] = {
    "city": (None,),
    "street": ("city",),
    "town": ("city",),
    "zone": ("city",),
    "community": ("street", "town", "zone"),
    "village": ("town", "street"),
}


def guidance_problems(guidance: Guidance, city: City) -> list[Problem]:
    """Every problem of the guidance, in the order of its files. The city itself has none."""
    found = [
        Problem(file=PLACES, field=f"{p.code}.parent", reason=reason)
        for p in guidance.places.values()
        for reason in _check_place(p, guidance.places)
    ]
    codes = city.items.keys() | city.packages.keys()
    for synonym in guidance.synonyms.values():
        if not synonym.words and not synonym.items:
            found.append(Problem(file=SYNONYMS, field=synonym.say, reason="says neither words nor items"))
        found += [
            Problem(file=SYNONYMS, field=f"{synonym.say}.items", reason=f"no item or package {code}")
            for code in synonym.items
            if code not in codes
        ]
    found += _check_themes(guidance, city)
    for policy in guidance.policies.values():
        found += [Problem(file=policy.file, field=f, reason=r) for f, r in _check_policy(policy, city)]
    for situation in guidance.situations.values():
        objections = dict.fromkeys(_check_situation(situation, city))
        found += [Problem(file=situation.file, field=f, reason=r) for f, r in objections]
    return found


def _check_themes(guidance: Guidance, city: City) -> Iterator[Problem]:
    """Once a city names its themes, its items and packages use no other."""
    things: list[Item | Package] = [*city.items.values(), *city.packages.values()]
    for thing in things if guidance.themes else ():
        for key in thing.theme:
            if key not in guidance.themes:
                yield Problem(file=thing.file, field="theme", reason=f"no theme {key}")


def _check_place(place: Place, places: Mapping[str, Place]) -> Iterator[str]:
    parent = places.get(place.parent) if place.parent else None
    if place.parent and parent is None:
        yield f"no place {place.parent}"
    elif (parent.kind if parent else None) not in PARENTS[place.kind]:
        yield f"a {place.kind} lies in none of these" if parent else f"a {place.kind} lies in another place"
    elif parent and not place.code.startswith(parent.code):
        yield "the code begins with that of the place it lies in"


def _check_policy(policy: Policy, city: City) -> Iterator[Objection]:
    if policy.department not in city.departments:
        yield "department", f"no department {policy.department}"
    for number, code in enumerate(policy.items):
        if code not in city.items and code not in city.packages:
            yield f"items.{number}", f"no item or package {code}"


def _check_situation(situation: Situation, city: City) -> Iterator[Objection]:
    if situation.code not in city.items and situation.code not in city.packages:
        yield "code", f"no item or package {situation.code}"
        return
    if len(situation.questions) > MOST_QUESTIONS:
        yield "questions", f"asks {len(situation.questions)}, at most {MOST_QUESTIONS} are allowed"
    sound = True
    for objection in (*_check_questions(situation, city), *_check_effects(situation, city)):
        sound = False
        yield objection
    if sound:
        yield from _check_samples(situation, city)


def _check_questions(situation: Situation, city: City) -> Iterator[Objection]:
    earlier: dict[str, Ask] = {}
    form = _procedure(situation.code, city).form["properties"]
    for number, question in enumerate(situation.questions):
        where = f"questions.{number}"
        if question.key in earlier:
            yield where, f"{question.key} is asked twice"
        if len({c.value for c in question.choices}) < len(question.choices):
            yield where, "two choices have one value"
        for reason in _unknown_answers(question.when, earlier):
            yield f"{where}.when", reason
        for choice in question.choices:
            for name in (*choice.fills, *choice.assumes):
                if name not in form:
                    yield f"{where}.choices", f"{name} is not asked by the form"
        earlier[question.key] = question


def _check_effects(situation: Situation, city: City) -> Iterator[Objection]:
    questions = {q.key: q for q in situation.questions}
    for number, effect in enumerate(situation.effects):
        where = f"effects.{number}"
        if not effect.when:
            yield f"{where}.when", "names no answer"
        for reason in _unknown_answers(effect.when, questions):
            yield f"{where}.when", reason
        for other in (effect.instead, effect.first):
            if other and other.item not in city.items and other.item not in city.packages:
                yield where, f"no item or package {other.item}"
        for code in (*(u.material for u in effect.adds_materials), *effect.drops_materials):
            if code not in city.materials:
                yield where, f"no material {code}"
        yield from ((where, reason) for reason in _asked_for_nothing(effect, city))


def _asked_for_nothing(effect: Effect, city: City) -> Iterator[str]:
    """The once-only guard holds for what a situation adds, too."""
    for use in effect.adds_materials:
        material = city.materials.get(use.material)
        if material and material.held and use.how != "reuse" and not use.exception:
            yield f"the city holds {material.title.zh}: reuse it"
        if material and material.network_check and use.how != "check" and not use.exception:
            yield f"{material.title.zh} is answered by a network check: use it"


def _unknown_answers(when: Mapping[str, tuple[str, ...]], questions: Mapping[str, Ask]) -> Iterator[str]:
    for key, values in when.items():
        if key not in questions:
            yield f"no earlier question {key}"
            continue
        known = {c.value for c in questions[key].choices}
        for value in values:
            if value not in known:
                yield f"{key} has no choice {value}"


def _check_samples(situation: Situation, city: City) -> Iterator[Objection]:
    if not situation.samples:
        yield "samples", "there is none: each guide is tried with one at least"
    for number, sample in enumerate(situation.samples):
        where = f"samples.{number}"
        try:
            found = answered(situation, sample.answers, city)
        except WrongAnswers as error:
            yield f"{where}.answers", str(error)
            continue
        if not found["complete"]:
            yield f"{where}.answers", f"{found['next']} is not answered"
        for name, wanted, got in _differences(sample.expect, found):
            yield f"{where}.expect.{name}", f"expected {wanted}, got {got}"


def _differences(expect: Expected, found: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    got = {
        "eligible": found["eligible"],
        "items": [i["code"] for i in found["items"]],
        "materials": [m["code"] for m in found["materials"]],
        "steps": len(found["steps"]),
        "fee_fen": found["fee_fen"],
        "visits": found["visits"],
        "promised": found["promised"],
        "instead": next((o["code"] for o in found["instead"]), None),
        "first": next((o["code"] for o in found["needs_first"]), None),
    }
    promised = expect.promised and {"value": expect.promised.value, "unit": expect.promised.unit}
    wanted = {
        "eligible": expect.eligible,
        "items": None if expect.items is None else list(expect.items),
        "materials": None if expect.materials is None else list(expect.materials),
        "steps": expect.steps,
        "fee_fen": expect.fee_fen,
        "visits": expect.visits,
        "promised": promised,
        "instead": expect.instead,
        "first": expect.first,
    }
    for name, value in wanted.items():
        if value is not None and value != got[name]:
            yield name, value, got[name]


def answered(situation: Situation, answers: Mapping[str, str], city: City) -> dict[str, Any]:
    """What the guide would say if the city were published as it is. Raises `WrongAnswers`."""
    procedure = _procedure(situation.code, city)
    if situation.code in city.items:
        facts = item_facts(city.items[situation.code], procedure, city)
    else:
        facts = package_facts(city.packages[situation.code], procedure, city)

    def title(code: str) -> dict[str, Any]:
        thing = city.items.get(code) or city.packages[code]
        return {"title": {"zh": thing.title.zh, "en": thing.title.en}}

    return personal(
        situation,
        procedure.branches,
        facts,
        answers,
        lambda code: material_entry(city.materials[code], city),
        title,
        lambda code: who_entry(code, city),
    )


def _procedure(code: str, city: City) -> Any:
    if code in city.items:
        return procedure_of_item(city.items[code], city)
    return procedure_of_package(city.packages[code], city)
