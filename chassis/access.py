"""What each endpoint asks of its caller: one declared rule, enforced before the view, shown in its document.

A rule lists who may call: account kinds and roles. Each of them is about all things (a plain word), about
one's own (`own`), about those of one's department (`of_department`) or of those below it too (`of_subtree`).
The web application refuses whoever is not listed, and whoever is listed for a department's things and belongs
to none. Which things are one's own only a row can say: the query that loads it asks, and answers a stranger
as if nothing were there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

Over = Literal["all", "own", "department", "subtree"]
V = TypeVar("V", bound=Callable[..., Any])

KINDS = ("person", "firm", "staff", "machine")


class Grant(str):
    """A kind or role, and over whose things: it compares and hashes as the plain word."""

    over: Over

    def __new__(cls, name: str, over: Over = "all") -> Grant:
        made = super().__new__(cls, name)
        made.over = over
        return made


def own(*names: str) -> tuple[Grant, ...]:
    """Callers of these kinds or roles (none: of any kind), for what is their own."""
    return tuple(Grant(name, "own") for name in names or KINDS)


def of_department(*names: str) -> tuple[Grant, ...]:
    """Callers with these roles, for what their department has part in."""
    return tuple(Grant(name, "department") for name in names)


def of_subtree(*names: str) -> tuple[Grant, ...]:
    """Callers with these roles, for what belongs to their department or to one below it in the tree."""
    return tuple(Grant(name, "subtree") for name in names)


@dataclass(frozen=True, slots=True)
class Access:
    """What an endpoint asks for: nothing (``open``), or a caller of any of these kinds or roles (none named:
    anybody signed in). ``scope`` is what a machine's token must cover where it names scopes."""

    open: bool
    names: frozenset[str] = frozenset()
    scope: str | None = None

    def needs_department(self, names: frozenset[str]) -> bool:
        """Whether all that entitles a caller of these kinds and roles is about a department's things."""
        found = [grant for grant in self.names if grant in names]
        return bool(found) and all(over(grant) in ("department", "subtree") for grant in found)

    def described(self) -> dict[str, Any]:
        """The rule for the OpenAPI document (``x-access``): words by whose things they are for."""
        if self.open:
            return {"open": True}
        by_over: dict[str, list[str]] = {}
        for grant in sorted(self.names or {Grant("signed_in")}):
            by_over.setdefault(over(grant), []).append(str(grant))
        return {"open": False, **by_over, **({"scope": self.scope} if self.scope else {})}


def over(grant: str) -> Over:
    """Over whose things; a plain word is about all."""
    return getattr(grant, "over", "all")


def public(view: V) -> V:
    """Mark a view as open to everybody."""
    view.access = Access(open=True)  # type: ignore[attr-defined]
    return view


def requires(*names: str, scope: str | None = None) -> Callable[[V], V]:
    """Mark a view as open to callers of any of these account kinds or roles (no name: any signed-in).

    The web application enforces it before the view, its arguments or a transaction are touched.
    """
    if len(set(names)) != len(names):
        raise ValueError(f"named twice: {', '.join(names)}")

    def mark(view: V) -> V:
        view.access = Access(open=False, names=frozenset(names), scope=scope)  # type: ignore[attr-defined]
        return view

    return mark


def access_of(view: Callable[..., Any]) -> Access | None:
    """How a view was marked; None if it was not."""
    return getattr(view, "access", None)


OPERATIONS = ("get", "post", "put", "patch", "delete")


def rules_in(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    """Method, path and declared rule of each operation of an OpenAPI document, in its order."""
    for path, item in document["paths"].items():
        for method in OPERATIONS:
            if method in item:
                yield method.upper(), path, item[method].get("x-access")
