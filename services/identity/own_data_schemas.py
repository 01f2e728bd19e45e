"""What one gets of one's own data, and what is said of an erasure."""

from __future__ import annotations

import marshmallow as ma

from services.identity.schemas import SECRET
from services.identity.space_schemas import moment, words


class OwnAccount(ma.Schema):
    account_id = ma.fields.String(required=True)
    login = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    display_name = ma.fields.String(required=True)
    id_number = ma.fields.String(required=True, allow_none=True)
    credit_code = ma.fields.String(required=True, allow_none=True)
    email = ma.fields.String(required=True, allow_none=True)
    phone = ma.fields.String(required=True, allow_none=True)
    level = ma.fields.Integer(required=True)
    created_at = ma.fields.AwareDateTime(required=True)


class SessionCopy(ma.Schema):
    started_at = ma.fields.AwareDateTime(required=True)
    renewed_at = ma.fields.AwareDateTime(required=True)
    ended_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class Reading(ma.Schema):
    at = ma.fields.AwareDateTime(required=True)
    act = ma.fields.String(required=True)
    actor = ma.fields.String(required=True, metadata={"description": "Account of who did it."})


class SignInCopy(ma.Schema):
    at = moment(required=True)
    outcome = ma.fields.String(required=True)
    device = ma.fields.String(required=True)
    address = ma.fields.String(required=True, metadata={"description": "Half of it."})


class SecondFactorCopy(ma.Schema):
    since = moment(required=True)


class AgencyCopy(ma.Schema):
    firm = ma.fields.String(required=True)
    agent = ma.fields.String(required=True)
    role = ma.fields.String(required=True)
    items = ma.fields.List(ma.fields.String(), required=True)
    until = moment(required=True, allow_none=True)
    granted_at = moment(required=True)
    ended_at = moment(required=True, allow_none=True)


class CertificateCopy(ma.Schema):
    kind = ma.fields.String(required=True)
    title = words(required=True)
    number = ma.fields.String(required=True)
    issuer = ma.fields.String(required=True)
    issued_at = moment(required=True)
    state = ma.fields.String(required=True)
    valid_until = ma.fields.Date(required=True, allow_none=True)
    contents = ma.fields.Dict(required=True)


class SystemCopy(ma.Schema):
    client_id = ma.fields.String(required=True)
    scopes = ma.fields.List(ma.fields.String(), required=True)
    given_at = moment(required=True)


class UpstreamLinkCopy(ma.Schema):
    upstream = ma.fields.String(required=True)
    linked_at = moment(required=True)
    used_at = moment(required=True)


class Export(ma.Schema):
    """All that identity keeps of the caller."""

    made_at = ma.fields.AwareDateTime(required=True)
    account = ma.fields.Nested(OwnAccount, required=True)
    sessions = ma.fields.List(ma.fields.Nested(SessionCopy), required=True)
    readings = ma.fields.List(ma.fields.Nested(Reading), required=True)
    sign_ins = ma.fields.List(ma.fields.Nested(SignInCopy), required=True)
    second_factors = ma.fields.List(ma.fields.Nested(SecondFactorCopy), required=True)
    agencies = ma.fields.List(ma.fields.Nested(AgencyCopy), required=True)
    certificates = ma.fields.List(ma.fields.Nested(CertificateCopy), required=True)
    systems = ma.fields.List(ma.fields.Nested(SystemCopy), required=True)
    upstream_links = ma.fields.List(ma.fields.Nested(UpstreamLinkCopy), required=True)


class Closure(ma.Schema):
    password = ma.fields.String(required=True, validate=SECRET)


class Line(ma.Schema):
    what = ma.fields.String(required=True)
    text = words(required=True)


class Closed(ma.Schema):
    """What an erasure took, and what stays because the law demands it."""

    closed_at = ma.fields.AwareDateTime(required=True)
    erased = ma.fields.List(ma.fields.Nested(Line), required=True)
    kept = ma.fields.List(ma.fields.Nested(Line), required=True)
