"""What identity takes and gives over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma
from marshmallow import validate
from webargs.fields import DelimitedList

from services.identity import domain, numbers, passwords
from services.identity.problems import said

MAX_NAMES = 100
SHORT = validate.Length(min=1, max=80)
SECRET = validate.Length(min=1, max=200)
NUMBER = validate.Length(min=1, max=40)


def rule(holds: Callable[[str], bool], reason: str) -> Callable[[str], None]:
    """A validator that says why in both languages."""

    def check(value: str) -> None:
        if not holds(value):
            raise ma.ValidationError([said(reason)])

    return check


class ChosenPassword(ma.Schema):
    """Of an account that is opened. Whether a password will do depends on login and name, too."""

    @ma.validates_schema(skip_on_field_errors=False)
    def _is_guessed_late(self, data: Mapping[str, Any], **_: Any) -> None:
        login, name = data.get("login", ""), data.get("display_name", "")
        if "password" in data and (reason := passwords.wrong(data["password"], login, name)) is not None:
            raise ma.ValidationError({"password": [said(reason)]})


class Credentials(ma.Schema):
    login = ma.fields.String(required=True, validate=SHORT)
    password = ma.fields.String(required=True, validate=SECRET)


class Refresh(ma.Schema):
    refresh_token = ma.fields.String(required=True, validate=SECRET)


class EndSession(ma.Schema):
    sso = ma.fields.String(load_default="", validate=validate.Length(max=200))


class NewOne(ChosenPassword):
    login = ma.fields.String(required=True, validate=rule(domain.is_login, "login"))
    password = ma.fields.String(
        required=True, validate=[validate.Length(max=200), rule(domain.is_long_enough, "short")]
    )
    display_name = ma.fields.String(required=True, validate=rule(domain.is_name, "name"))


class NewAccount(NewOne):
    """A person or a firm opens an account; a firm by its credit code."""

    kind = ma.fields.String(required=True, validate=validate.OneOf(("person", "firm")))
    id_number = ma.fields.String(validate=[NUMBER, rule(numbers.is_id_number, "id_number")])
    credit_code = ma.fields.String(validate=[NUMBER, rule(numbers.is_credit_code, "credit_code")])

    @ma.validates_schema(skip_on_field_errors=False)
    def _numbers(self, data: Mapping[str, Any], **_: Any) -> None:
        kind = data.get("kind")
        wrong = domain.check_numbers(kind, data.get("id_number"), data.get("credit_code")) if kind else {}
        if wrong:
            raise ma.ValidationError({name: [said(reason)] for name, reason in wrong.items()})


class Account(ma.Schema):
    account_id = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    display_name = ma.fields.String(required=True)
    roles = ma.fields.List(ma.fields.String(), required=True)
    department = ma.fields.String(required=True, allow_none=True)


class Contact(ma.Schema):
    email = ma.fields.String(required=True, allow_none=True, validate=rule(domain.is_email, "email"))


class ContactOf(ma.Schema):
    account_id = ma.fields.String(required=True)
    display_name = ma.fields.String(required=True)
    email = ma.fields.String(required=True, allow_none=True)


class Contacts(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(ContactOf), required=True)


class Tokens(ma.Schema):
    access_token = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(required=True, metadata={"description": "Seconds."})
    refresh_token = ma.fields.String(required=True, metadata={"description": "To be used once."})
    account = ma.fields.Nested(Account, required=True)
    sso = ma.fields.String(metadata={"description": "What a browser keeps to be known again."})


class Client(ma.Schema):
    client_id = ma.fields.String(required=True)
    name = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(), required=True)
    scopes = ma.fields.List(ma.fields.String(), required=True)


class NewConsent(ma.Schema):
    sso = ma.fields.String(required=True, validate=SECRET)
    client_id = ma.fields.String(required=True, validate=SHORT)
    scope = ma.fields.String(required=True, validate=validate.Length(min=1, max=500))


class Consent(ma.Schema):
    client_id = ma.fields.String(required=True)
    name = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(), required=True)
    scopes = ma.fields.List(ma.fields.String(), required=True)
    given_at = ma.fields.AwareDateTime(required=True)


class Consents(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(Consent), required=True)
    next = ma.fields.String(allow_none=True, dump_default=None)


class NamesQuery(ma.Schema):
    ids = DelimitedList(
        ma.fields.String(validate=SHORT), required=True, validate=validate.Length(max=MAX_NAMES)
    )
    masked = ma.fields.Boolean(load_default=False, metadata={"description": "Hide part of persons' names."})


class Name(ma.Schema):
    account_id = ma.fields.String(required=True)
    display_name = ma.fields.String(required=True)


class Names(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(Name), required=True)
    next = ma.fields.String(allow_none=True, dump_default=None)


class Keys(ma.Schema):
    """A JSON Web Key Set (RFC 7517)."""

    keys = ma.fields.List(ma.fields.Dict(), required=True)
