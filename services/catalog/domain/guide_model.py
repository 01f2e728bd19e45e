"""What helps people find their way: places, policies, everyday words, and situations as questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from contracts.procedure import Limit, Text
from services.catalog.domain.model import Audience, MaterialUse, Step

PlaceKind = Literal["city", "street", "town", "zone", "community", "village"]
ThemeKind = Literal["theme", "scene"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A node of the tree of places: city, 街道, 镇, 开发区, 社区, 村. ``windows`` serve the public there."""

    code: str
    name: Text
    kind: PlaceKind
    parent: str | None = None
    windows: int = 0


@dataclass(frozen=True, kw_only=True)
class Theme:
    """What items are about (``theme``), or the occasion in life they belong to (``scene`` 场景)."""

    key: str
    kind: ThemeKind
    title: Text


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A policy article 政策, and the items and packages it is about."""

    file: str
    code: str
    number: str
    title: Text
    summary: Text
    department: str
    published_on: date
    audience: tuple[Audience, ...]
    paragraphs: tuple[Text, ...]
    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Synonym:
    """An everyday word: the catalogue's words for it, and the items it means, the likeliest first."""

    say: str
    words: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An answer one can choose. ``fills`` goes into the form; ``assumes`` stands for what is asked exactly
    only there (300 for “300 m² or more”)."""

    value: str
    label: Text
    fills: Mapping[str, Any] = field(default_factory=dict)
    assumes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A question of the guide, asked when the earlier answers named in ``when`` were given."""

    key: str
    title: Text
    choices: tuple[Choice, ...]
    help: Text | None = None
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Instead:
    """Another item or package that fits, and why."""

    item: str
    because: Text


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What follows when all answers named in ``when`` were given; later effects win."""

    when: Mapping[str, tuple[str, ...]]
    not_eligible: Text | None = None
    instead: Instead | None = None
    first: Instead | None = None
    adds_materials: tuple[MaterialUse, ...] = ()
    drops_materials: tuple[str, ...] = ()
    adds_steps: tuple[Step, ...] = ()
    fee_fen: int | None = None
    fee_basis: Text | None = None
    visits: int | None = None
    promised: Limit | None = None
    note: Text | None = None


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What an editor expects of a sample situation; what is None is not looked at."""

    eligible: bool = True
    items: tuple[str, ...] | None = None
    materials: tuple[str, ...] | None = None
    steps: int | None = None
    fee_fen: int | None = None
    visits: int | None = None
    promised: Limit | None = None
    instead: str | None = None
    first: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A sample situation 样例情形: answers, and what must come out."""

    name: Text
    answers: Mapping[str, str]
    expect: Expected


@dataclass(frozen=True, kw_only=True)
class Situation:
    """The guided finding 情形引导 of one item or package."""

    file: str
    code: str
    questions: tuple[Ask, ...]
    effects: tuple[Effect, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """All of it for one city; ``forms`` are the filled sample forms 自助样表 by procedure."""

    themes: Mapping[str, Theme] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    synonyms: Mapping[str, Synonym] = field(default_factory=dict)
    situations: Mapping[str, Situation] = field(default_factory=dict)
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
