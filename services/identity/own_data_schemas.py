"""What one gets of one's own data, and what is said of an erasure."""

from __future__ import annotations

import marshmallow as ma

from services.identity.schemas import SECRET


class OwnAccount(ma.Schema):
    account_id = ma.fields.String(required=True)
    login = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    display_name = ma.fields.String(required=True)
    id_number = ma.fields.String(required=True, allow_none=True)
    credit_code = ma.fields.String(required=True, allow_none=True)
    email = ma.fields.String(required=True, allow_none=True)
    created_at = ma.fields.AwareDateTime(required=True)


class OwnSession(ma.Schema):
    started_at = ma.fields.AwareDateTime(required=True)
    renewed_at = ma.fields.AwareDateTime(required=True)
    ended_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class Reading(ma.Schema):
    at = ma.fields.AwareDateTime(required=True)
    act = ma.fields.String(required=True)
    actor = ma.fields.String(required=True, metadata={"description": "Account of who did it."})


class Export(ma.Schema):
    """All that identity keeps of the caller."""

    made_at = ma.fields.AwareDateTime(required=True)
    account = ma.fields.Nested(OwnAccount, required=True)
    sessions = ma.fields.List(ma.fields.Nested(OwnSession), required=True)
    readings = ma.fields.List(ma.fields.Nested(Reading), required=True)


class Closure(ma.Schema):
    password = ma.fields.String(required=True, validate=SECRET)


class Words(ma.Schema):
    zh = ma.fields.String(required=True)
    en = ma.fields.String(required=True)


class Line(ma.Schema):
    what = ma.fields.String(required=True)
    text = ma.fields.Nested(Words, required=True)


class Closed(ma.Schema):
    """What an erasure took, and what stays because the law demands it."""

    closed_at = ma.fields.AwareDateTime(required=True)
    erased = ma.fields.List(ma.fields.Nested(Line), required=True)
    kept = ma.fields.List(ma.fields.Nested(Line), required=True)
