"""Names and numbers of people leave a service in the answers of a few named endpoints, and in no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chassis.access import rules_in
from chassis.cli.openapi import documents

DOCUMENTS = dict(documents())
PERSONAL = {
    *("id_number", "id_card", "credit_code", "mobile", "phone", "telephone", "email", "address"),
    *("display_name", "real_name", "full_name", "birthday", "birth_date", "bank_account"),
}
MASKED = {"id_number", "credit_code", "phone"}
"""One's own, all but the ends hidden."""
ANSWERS = {
    "GET /api/identity/me": {"display_name"},
    "GET /api/identity/me/export": {
        *("display_name", "id_number", "credit_code", "email", "phone"),
        "address",  # half the network address a session was begun at
    },
    "GET /api/identity/me/contact": {"email"},
    "PUT /api/identity/me/contact": {"email"},
    "GET /api/identity/me/real-name": MASKED,
    "POST /api/identity/me/real-name/number": MASKED,
    "POST /api/identity/me/real-name/phone/confirm": MASKED,
    "GET /api/identity/me/sessions": {"address"},
    "GET /api/identity/firm": {"credit_code"},
    "POST /api/identity/accounts": {"display_name"},
    "GET /api/identity/staff": {"display_name"},
    "POST /api/identity/staff": {"display_name"},
    "GET /api/identity/staff/{account_id}": {"display_name"},
    "PUT /api/identity/staff/{account_id}": {"display_name"},
    "GET /api/identity/sign-ins": {"address"},
    "POST /api/identity/tokens": {"display_name"},
    "POST /api/identity/tokens/refresh": {"display_name"},
    "POST /api/identity/tokens/second-factor": {"display_name"},
    "POST /api/identity/tokens/new-password": {"display_name"},
    "POST /api/identity/upstreams/{slug}/answers": {"display_name"},
    "POST /api/identity/upstream-accounts": {"display_name"},
    "GET /api/identity/phone-codes/{check_id}": {"phone"},
    "GET /api/intake/signers/{signer_id}": {"phone"},
    "GET /api/identity/accounts/names": {"display_name"},
    "GET /api/identity/accounts/contacts": {"display_name", "email"},
}
"""Who may call them stands in docs/access.md; the last two write every reading down."""
PUBLISHED = {"catalog"}  # telephones and addresses of halls and offices


def fields(schema: Any, document: dict[str, Any], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Names of all properties of a schema, at any depth."""
    if isinstance(schema, list):
        for part in schema:
            yield from fields(part, document, seen)
    elif isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            found: Any = document
            for step in reference.removeprefix("#/").split("/"):
                found = found[step]
            yield from fields(found, document, seen | {reference})
        yield from schema.get("properties", {})
        for part in schema.values():
            if isinstance(part, dict | list):
                yield from fields(part, document, seen)


def personal(document: dict[str, Any]) -> dict[str, set[str]]:
    found = {}
    for method, path, _ in rules_in(document):
        answers = document["paths"][path][method.lower()].get("responses", {})
        if names := PERSONAL & set(fields(answers, document)):
            found[f"{method} {path}"] = names
    return found


@pytest.mark.parametrize("service", sorted(DOCUMENTS.keys() - PUBLISHED))
def test_personal_data_stand_in_the_answers_of_named_endpoints_alone(service: str) -> None:
    named = {place: names for place, names in ANSWERS.items() if f"/api/{service}/" in place}
    assert personal(DOCUMENTS[service]) == named


def test_the_rule_finds_what_lies_deep() -> None:
    answers = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/People"}}}}}
    one = {"$ref": "#/components/schemas/One"}
    document = {
        "paths": {"/api/notes/people": {"get": {"responses": answers}}},
        "components": {
            "schemas": {
                "People": {"properties": {"items": {"type": "array", "items": one}}},
                "One": {"properties": {"next": one, "mobile": {"type": "string"}}},
            }
        },
    }
    assert personal(document) == {"GET /api/notes/people": {"mobile"}}
