"""Events carry ids, codes and facts: never who somebody is, how to reach them, or what somebody wrote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest

from contracts import Event, all_events
from contracts.procedure import Text
from contracts.schema import Schema, event_schema

PERSONAL = {
    *(
        "name",
        "names",
        "surname",
        "nickname",
        "person",
        "citizen",
        "gender",
        "sex",
        "birth",
        "birthday",
        "birthdate",
    ),
    *(
        "nationality",
        "age",
        "phone",
        "mobile",
        "telephone",
        "tel",
        "email",
        "mail",
        "wechat",
        "address",
        "street",
    ),
    *(
        "passport",
        "identity",
        "password",
        "secret",
        "token",
        "photo",
        "portrait",
        "face",
        "signature",
        "bank",
    ),
}
FREE_TEXT = {
    *("text", "opinion", "opinions", "reason", "reasons", "comment", "comments", "note", "notes", "remark"),
    *("remarks", "message", "description", "explanation", "content", "body", "title", "conditions"),
}
PAIRS = {("id", "number"), ("id", "card"), ("credit", "code"), ("display", "name"), ("bank", "account")}
# what the catalogue publishes for everyone to read is nobody's personal data
PUBLIC_WORDS = {"catalog"}


def suspicious(schema: Schema, source: str) -> Iterator[str]:
    """Paths of the fields that look like personal data or free text; fixed lists of choices never do."""
    defs = schema.get("$defs", {})
    public = {"#/$defs/Text"} if source in PUBLIC_WORDS else set()
    for where, owner in ((schema["title"], schema), *defs.items()):
        for name, value in owner["properties"].items():
            words = name.split("_")
            flagged = set(words) & (PERSONAL | FREE_TEXT) or set(pairwise(words)) & PAIRS
            harmless = (
                "enum" in value or value.get("type") in ("boolean", "integer") or value.get("$ref") in public
            )
            if flagged and not harmless:
                yield f"{where}.{name}"


@pytest.mark.parametrize("cls", all_events().values(), ids=list(all_events()))
def test_no_event_has_a_field_for_personal_data_or_free_text(cls: type[Event]) -> None:
    assert list(suspicious(event_schema(cls), cls.source)) == []


@dataclass(frozen=True, kw_only=True)
class Inner:
    email: str | None = None


@dataclass(frozen=True, kw_only=True)
class Telling(Event):
    source, type, subject_field = "intake", "intake.telling", "code"

    code: str
    applicant_name: str
    id_number: str
    phone: str | None = None
    opinion: str
    reasons: tuple[str, ...]
    title: Text
    inner: Inner


def test_the_rule_finds_what_it_looks_for() -> None:
    found = set(suspicious(event_schema(Telling), Telling.source))
    named = ("applicant_name", "id_number", "phone", "opinion", "reasons", "title")
    assert found == {f"intake.telling.{n}" for n in named} | {"Inner.email"}
