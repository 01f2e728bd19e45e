"""What signing in through other providers takes and gives over HTTP."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from services.identity.schemas import SECRET
from services.identity.space_schemas import moment, words

RANDOM = validate.Length(min=16, max=200)
ANY = validate.Length(max=2000)


class OneUpstream(ma.Schema):
    slug = ma.fields.String(required=True)
    name = words(required=True)


class UpstreamList(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(OneUpstream), required=True)
    next = ma.fields.String(allow_none=True, dump_default=None)


class UpstreamBegin(ma.Schema):
    browser = ma.fields.String(
        required=True, validate=RANDOM, metadata={"description": "A secret of this browser, sent again."}
    )
    fresh = ma.fields.Boolean(
        load_default=False, metadata={"description": "Sign in there even if the browser is known there."}
    )


class UpstreamBegun(ma.Schema):
    location = ma.fields.String(required=True, metadata={"description": "Where the browser goes."})
    state = ma.fields.String(required=True)


class UpstreamAnswer(ma.Schema):
    """What the provider sent the browser back with."""

    state = ma.fields.String(load_default="", validate=ANY)
    browser = ma.fields.String(load_default="", validate=ANY)
    code = ma.fields.String(load_default="", validate=ANY)
    iss = ma.fields.String(load_default="", validate=ANY)
    error = ma.fields.String(load_default="", validate=ANY)


class ByTicket(ma.Schema):
    ticket = ma.fields.String(required=True, validate=SECRET)


class OwnLink(ma.Schema):
    link_id = ma.fields.String(required=True)
    upstream = ma.fields.String(required=True)
    name = words(required=True)
    linked_at = moment(required=True)
    used_at = moment(required=True)


class OwnLinks(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(OwnLink), required=True)
    next = ma.fields.String(allow_none=True, dump_default=None)
