"""What identity takes and gives over HTTP."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate
from webargs.fields import DelimitedList

SHORT = validate.Length(min=1, max=80)
SECRET = validate.Length(min=1, max=200)
MAX_NAMES = 100


class CredentialsSchema(ma.Schema):
    login = ma.fields.String(required=True, validate=SHORT)
    password = ma.fields.String(required=True, validate=SECRET)


class RefreshSchema(ma.Schema):
    refresh_token = ma.fields.String(required=True, validate=SECRET)


class NewAccountSchema(CredentialsSchema):
    """A person or a firm opens an account."""

    kind = ma.fields.String(required=True, validate=validate.OneOf(("person", "firm")))
    display_name = ma.fields.String(required=True, validate=SHORT)
    id_number = ma.fields.String(validate=validate.Length(max=40))
    credit_code = ma.fields.String(validate=validate.Length(max=40))


class NewStaffSchema(CredentialsSchema):
    """The platform's administrator opens an account for a member of staff."""

    display_name = ma.fields.String(required=True, validate=SHORT)
    department = ma.fields.String(required=True, validate=validate.Length(min=1, max=16))
    roles = ma.fields.List(ma.fields.String(), required=True, validate=validate.Length(min=1, max=10))


class AccountSchema(ma.Schema):
    account_id = ma.fields.String()
    login = ma.fields.String()
    kind = ma.fields.String()
    display_name = ma.fields.String()
    roles = ma.fields.List(ma.fields.String())
    department = ma.fields.String(allow_none=True)
    id_number = ma.fields.String(allow_none=True, metadata={"description": "Its middle is hidden."})
    credit_code = ma.fields.String(allow_none=True)


class TokensSchema(ma.Schema):
    access_token = ma.fields.String()
    expires_in = ma.fields.Integer(metadata={"description": "Seconds."})
    refresh_token = ma.fields.String()
    account = ma.fields.Nested(AccountSchema)


class NamesQuerySchema(ma.Schema):
    ids = DelimitedList(
        ma.fields.String(validate=SHORT), required=True, validate=validate.Length(max=MAX_NAMES)
    )


class NameSchema(ma.Schema):
    account_id = ma.fields.String()
    display_name = ma.fields.String()


class NamesSchema(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(NameSchema))


class KeysSchema(ma.Schema):
    """A JSON Web Key Set (RFC 7517)."""

    keys = ma.fields.List(ma.fields.Dict())
