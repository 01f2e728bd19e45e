"""What the spaces take and give over HTTP."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import validate

MOST_FIELDS = 500
MOST_MATERIALS = 100
CODE = validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}\Z")
FIELD = validate.Length(min=1, max=80)


def moment(**options: Any) -> ma.fields.AwareDateTime:
    return ma.fields.AwareDateTime(format="iso", **options)


class Words(ma.Schema):
    """A text for people."""

    zh = ma.fields.String()
    en = ma.fields.String()


def words(**options: Any) -> ma.fields.Nested:
    return ma.fields.Nested(Words, **options)


class Page(ma.Schema):
    cursor = ma.fields.String(validate=validate.Length(max=200))


class Certificate(ma.Schema):
    """A certificate as its holder sees it. ``state`` is valid, expired, superseded or revoked, as of today;
    ``code`` the material it stands for."""

    certificate_id = ma.fields.String()
    kind = ma.fields.String()
    code = ma.fields.String(allow_none=True)
    title = words()
    number = ma.fields.String(metadata={"description": "With its middle hidden."})
    issuer = ma.fields.String()
    issuer_name = words()
    issued_at = moment()
    valid_until = ma.fields.Date(allow_none=True)
    days_left = ma.fields.Integer(allow_none=True)
    soon = ma.fields.Boolean(metadata={"description": "Ends within thirty days."})
    state = ma.fields.String()
    application_no = ma.fields.String(allow_none=True)


class Certificates(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(Certificate))


class ReadingOfData(ma.Schema):
    """Readings of one day by the same reader for the same purpose. It names an office, no person."""

    reader = ma.fields.String()
    reader_name = words()
    what = ma.fields.String()
    what_text = words()
    detail = words(allow_none=True)
    purpose = ma.fields.String()
    purpose_text = words()
    application_no = ma.fields.String(allow_none=True)
    procedure = words(allow_none=True)
    times = ma.fields.Integer()
    at = moment()


class Readings(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(ReadingOfData))
    next = ma.fields.String(allow_none=True)


class KnownQuery(ma.Schema):
    """What a form needs, for a purpose. ``fields``: each element with the kind of known data it may be filled
    in with, or null; ``materials``: codes that the city may hold."""

    purpose = ma.fields.String(required=True, validate=validate.OneOf(("prefill", "reuse")))
    procedure = ma.fields.String(required=True, validate=CODE)
    fields = ma.fields.Dict(  # type: ignore[assignment]
        keys=ma.fields.String(validate=FIELD),
        values=ma.fields.String(allow_none=True, validate=FIELD),
        load_default=dict,
        validate=validate.Length(max=MOST_FIELDS),
    )
    materials = ma.fields.List(
        ma.fields.String(validate=CODE), load_default=list, validate=validate.Length(max=MOST_MATERIALS)
    )


class Origin(ma.Schema):
    """Where a value comes from; ``source`` is account or certificate."""

    source = ma.fields.String()
    zh = ma.fields.String()
    en = ma.fields.String()


class KnownValue(ma.Schema):
    field = ma.fields.String()
    value: Any = ma.fields.Raw()
    origin = ma.fields.Nested(Origin)


class Known(ma.Schema):
    purpose = ma.fields.String()
    items = ma.fields.List(ma.fields.Nested(KnownValue))
    certificates = ma.fields.List(ma.fields.Nested(Certificate))


class Numbers(ma.Schema):
    id_numbers = ma.fields.List(
        ma.fields.String(validate=validate.Regexp(r"^[0-9]{17}[0-9X]$")),
        required=True,
        validate=validate.Length(min=1, max=60),
    )


class OwnPlace(ma.Schema):
    place = ma.fields.Integer(required=True, allow_none=True)
    level = ma.fields.Integer(required=True)


class CertificateConsents(ma.Schema):
    """What the holder agrees to in a matter (a draft), by certificate; replaces what was said before."""

    matter = ma.fields.String(required=True, validate=validate.Length(min=1, max=40))
    procedure = ma.fields.String(required=True, validate=CODE)
    certificates = ma.fields.Dict(
        keys=ma.fields.String(validate=FIELD),
        values=ma.fields.Boolean(truthy={True}, falsy={False}),
        required=True,
        validate=validate.Length(max=MOST_MATERIALS),
    )


class Used(ma.Schema):
    """A certificate that may be used now, with what stands on it."""

    certificate_id = ma.fields.String()
    code = ma.fields.String()
    title = words()
    number = ma.fields.String()
    issuer = ma.fields.String()
    issuer_name = words()
    issued_at = moment()
    valid_until = ma.fields.Date(allow_none=True)
    state = ma.fields.String()
    contents = ma.fields.Dict()


class UsedList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(Used))
