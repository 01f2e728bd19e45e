"""What an editor writes: departments, data elements, materials, items and packages of one city."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from contracts.procedure import (
    AcceptanceRule,
    BranchKind,
    Condition,
    Join,
    Limit,
    MaterialWay,
    OnTimeout,
    SignerSpec,
    Text,
)

Audience = Literal["person", "firm"]
ItemType = Literal[
    "licence", "confirmation", "registration", "filing", "benefit", "public_service", "utility", "other"
]
Tier = Literal["a", "b", "c"]
FileFormat = Literal["pdf", "jpg", "png", "docx", "xlsx"]
Prefill = Literal["name", "id_number", "mobile", "business_licence"]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong in a catalogue: the file, the field in it (dotted), and why."""

    file: str
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: {self.reason}" if self.field else f"{self.file}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Department:
    """A department, or a provider that is no government (供水、公积金 …) and so grants no licence 许可."""

    code: str
    name: Text
    credit_code: str
    phone: str
    is_government: bool = True


@dataclass(frozen=True, kw_only=True)
class Group:
    """A page of the form."""

    key: str
    title: Text


@dataclass(frozen=True, kw_only=True)
class Element:
    """A shared data element 数据元: asked once, read by every branch that declares it.

    ``schema`` is JSON Schema without titles, ``labels`` names each choice, ``personal`` marks data about
    a person. ``prefill`` says which known data of the applicant fills it in.
    """

    key: str
    group: str
    title: Text
    schema: Mapping[str, Any]
    input: str = "text"
    help: Text | None = None
    labels: Mapping[str, Text] = field(default_factory=dict)
    personal: bool = False
    prefill: Prefill | None = None


@dataclass(frozen=True, kw_only=True)
class Material:
    """``held``: the city has it. ``network_check``: another body's system answers for it.

    ``licence_type`` is the licence that is this material (营业执照), so that one just issued counts.
    ``gives`` are the elements it answers, ``renewed_by`` the item that renews one run out,
    ``feeds_all`` says that it may be used for every item (居民身份证).
    ``formats`` are the kinds of file that are taken where it is handed in.
    """

    code: str
    title: Text
    issuer: str | Text | None = None
    held: bool = False
    network_check: bool = False
    template: bool = False
    licence_type: str | None = None
    gives: tuple[str, ...] = ()
    renewed_by: str | None = None
    feeds_all: bool = False
    formats: tuple[FileFormat, ...] = ("pdf", "jpg", "png")


@dataclass(frozen=True, kw_only=True)
class Override:
    """An override of the once-only guard 三个“不得要求”: the article that demands it, and why."""

    article: str
    reason: Text


@dataclass(frozen=True, kw_only=True)
class MaterialUse:
    """A material an item needs and the way it comes: reuse, network check, the city's template, upload.

    One that is not ``required`` is needed in the cases its note names.
    """

    material: str
    how: MaterialWay
    required: bool = True
    note: Text | None = None
    exception: Override | None = None


@dataclass(frozen=True, kw_only=True)
class Basis:
    """设定依据: a law or rule and its articles."""

    law: Text
    articles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of handling; ``who`` is a department's code or a text."""

    title: Text
    who: str | Text
    online: bool = True


@dataclass(frozen=True, kw_only=True)
class Fee:
    """In fen 分, with the basis it is charged on."""

    fen: int
    basis: Text


@dataclass(frozen=True, kw_only=True)
class Extension:
    """How far the limit may be extended, and who approves it (Administrative License Law, art. 42)."""

    limit: Limit
    by: Text


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the applicant gets, how long it is valid, and a sample of it.

    ``valid_for`` is the same as a number, from the day of issue. ``replaces``: it takes the place of the
    holder's last licence of its type; ``revokes`` names the licence type that ends with it (注销).
    """

    title: Text
    validity: Text
    sample: Text
    valid_for: Limit | None = None
    replaces: bool = False
    revokes: str | None = None


@dataclass(frozen=True, kw_only=True)
class External:
    """The department's own system that handles a tier c item: its name, its address, the whole way there."""

    system: Text
    url: str
    guide: tuple[Text, ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One of the FAQ."""

    question: Text
    answer: Text


@dataclass(frozen=True, kw_only=True)
class ItemBranch:
    """One department's part of an item that several departments handle."""

    key: str
    title: Text
    department: str
    kind: BranchKind
    promised: Limit
    statutory: Limit | None = None
    required: bool = True
    depends_on: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    on_timeout: OnTimeout = "escalate"
    timeout_source: str | None = None
    fields: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    issues: str | None = None
    produces: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Item:
    """An item 政务服务事项 with the elements of the national item list.

    Without ``branches`` its own department handles it alone. ``optional`` are the fields that may be
    left out. ``regroup`` moves an element to another page of the form. With ``second_signature`` an
    officer's refusal needs the head's signature (四眼原则).
    """

    file: str
    code: str
    basic_code: str
    title: Text
    type: ItemType
    level: Text
    exercised_level: Text
    department: str
    kind: BranchKind
    audience: tuple[Audience, ...]
    theme: tuple[str, ...]
    tier: Tier
    depth: int
    visits: int
    acceptance: AcceptanceRule
    acceptance_limit: Limit
    promised: Limit
    fee: Fee
    basis: tuple[Basis, ...]
    conditions: tuple[Text, ...]
    materials: tuple[MaterialUse, ...]
    steps: tuple[Step, ...]
    result: Result
    fields: tuple[str, ...]
    scope: Text
    minimum_real_name_level: int
    classified: bool
    remedies: tuple[Text, ...]
    place: Text
    opening: Text
    supervision_phone: str
    statutory: Limit | None = None
    extension: Extension | None = None
    second_signature: bool = False
    entrusted_body: Text | None = None
    intermediary_services: tuple[Text, ...] = ()
    issues: str | None = None
    produces: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    regroup: Mapping[str, str] = field(default_factory=dict)
    branches: tuple[ItemBranch, ...] = ()
    join: Join | None = None
    visit_exception: Override | None = None
    external: External | None = None
    faq: tuple[Question, ...] = ()
    signers: tuple[SignerSpec, ...] = ()
    sample: bool = False


@dataclass(frozen=True, kw_only=True)
class PackageBranch:
    """An item's part in a package; all but the graph comes from the item."""

    item: str
    required: bool = True
    depends_on: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NeededFirst:
    """An item to be done before the package is filed, unless something holds."""

    item: str
    unless: Text


@dataclass(frozen=True, kw_only=True)
class Package:
    """Several items as one 套餐、一件事."""

    file: str
    code: str
    title: Text
    summary: Text
    lead_department: str
    audience: tuple[Audience, ...]
    theme: tuple[str, ...]
    acceptance: AcceptanceRule
    acceptance_limit: Limit
    branches: tuple[PackageBranch, ...]
    join: Join
    outcomes: tuple[Text, ...]
    regroup: Mapping[str, str] = field(default_factory=dict)
    needs_first: tuple[NeededFirst, ...] = ()
    faq: tuple[Question, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CalendarYear:
    """A year's days off (Monday to Friday) and days worked (Saturday, Sunday)."""

    year: int
    holidays: tuple[date, ...]
    extra_workdays: tuple[date, ...]
    provisional: bool


@dataclass(frozen=True, kw_only=True)
class City:
    """Everything a catalogue folder says of its items.

    ``largest_group`` is how many questions a page may ask, ``unreadable`` the codes of items that could
    not be read and so are missing.
    """

    largest_group: int
    departments: Mapping[str, Department]
    groups: Mapping[str, Group]
    elements: Mapping[str, Element]
    materials: Mapping[str, Material]
    items: Mapping[str, Item]
    packages: Mapping[str, Package]
    calendar: tuple[CalendarYear, ...]
    unreadable: frozenset[str] = frozenset()
