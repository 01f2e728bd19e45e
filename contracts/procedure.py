"""How an item or a package is handled: the shape that catalogue, intake and approval share.

A *procedure* is a graph of branches. An item alone has its own procedure (often one branch); a package
(套餐, 一件事) joins the branches of several items. Codes and rules only: titles are for pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Unit = Literal["on_the_spot", "working_days", "calendar_days", "months"]
BranchKind = Literal["decide", "record", "register", "consult", "site_visit"]
JoinRule = Literal["all", "any", "k_of_n"]
OnTimeout = Literal["escalate", "deemed_agreed"]
AcceptanceRule = Literal["automatic", "desk"]
MaterialWay = Literal["reuse", "check", "template", "upload"]


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text for people, in Chinese and English."""

    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A time limit 时限. ``value`` counts ``unit``; half working days are allowed (0.5)."""

    value: float
    unit: Unit


@dataclass(frozen=True, kw_only=True)
class Condition:
    """True when the form's ``field`` equals ``equals``, or is at least ``at_least``."""

    field: str
    equals: Any = None
    at_least: float | None = None


@dataclass(frozen=True, kw_only=True)
class BranchSpec:
    """One department's part.

    ``depends_on`` names branches that must have agreed first; ``when`` opens the branch only for forms
    that meet every condition; ``fields`` and ``materials`` are all this department may read.
    ``required`` branches must be finished before the case closes. ``issues`` is the licence type that
    agreement produces, ``produces`` names result codes the answer must carry (信用代码).
    ``on_timeout`` "deemed_agreed" needs ``timeout_source``, the legal or city rule that says so.
    ``extension`` is how much longer the head may allow, once; with ``second_signature`` a refusal takes
    effect only when the head has signed it.

    ``result`` is what agreement produces, in words, and ``valid_for`` how long from the day of issue (no
    limit: without end). With ``replaces`` the licence takes the place of the one of its type that the
    application used, else of the holder's last one (renewal, change, reissue); ``revokes`` is the licence
    type that agreement ends (注销), of which it is the same one.
    """

    key: str
    item: str
    title: Text
    department: str
    kind: BranchKind
    required: bool = True
    depends_on: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    statutory: Limit | None = None
    promised: Limit
    on_timeout: OnTimeout = "escalate"
    timeout_source: str | None = None
    fields: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    issues: str | None = None
    produces: tuple[str, ...] = ()
    extension: Limit | None = None
    second_signature: bool = False
    result: Text | None = None
    valid_for: Limit | None = None
    replaces: bool = False
    revokes: str | None = None


@dataclass(frozen=True, kw_only=True)
class MaterialSpec:
    """A material of the catalogue and the way it comes: the city holds it ("reuse"), another body's system
    answers for it ("check"), the city offers a text that counts unless another is handed in ("template"),
    or the applicant hands it in ("upload").

    An upload that is not ``required`` is needed in some cases only; ``needed_when`` says in which.
    ``formats`` are the kinds of file it may be. ``licence_type`` is the licence that is this material,
    ``gives`` the elements of forms it answers.
    """

    code: str
    title: Text
    how: MaterialWay
    required: bool = True
    needed_when: Text | None = None
    formats: tuple[str, ...] = ()
    licence_type: str | None = None
    gives: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SignerSpec:
    """Who signs before filing (多方签署): the fields of the form that name them. With ``rows`` these are
    members of each row of that field (every shareholder); without, fields of their own (the legal
    representative).
    """

    role: str
    title: Text
    named_by: str
    numbered_by: str
    rows: str | None = None


@dataclass(frozen=True, kw_only=True)
class Join:
    """When the case is decided: the rule over the branches named (``k`` for k of n)."""

    rule: JoinRule
    over: tuple[str, ...]
    k: int | None = None


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """The whole way of one item or package, in one version.

    ``form`` is a JSON Schema (draft 2020-12) of the merged form: every data element once. Its
    ``x-groups`` list (title, fields) gives the order in which pages ask. ``materials`` are all that its
    branches name, each once. ``minimum_level`` is the real-name level (0 to 3) it takes to file. It is filed
    when all ``signers`` have signed the same version.
    """

    code: str
    version: int
    kind: Literal["item", "package"]
    title: Text
    lead_department: str
    audience: tuple[Literal["person", "firm"], ...]
    acceptance: AcceptanceRule
    acceptance_limit: Limit
    branches: tuple[BranchSpec, ...]
    join: Join
    form: dict[str, Any]
    materials: tuple[MaterialSpec, ...] = ()
    minimum_level: int = 0
    signers: tuple[SignerSpec, ...] = ()
