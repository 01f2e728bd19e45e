"""What webhooks take and give over HTTP."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from services.notification.hooks.domain import TYPES

EVENT_ID = validate.Regexp(r"^[0-9a-f-]{36}$")
URL = validate.Length(min=8, max=500)


class NewHook(ma.Schema):
    url = ma.fields.String(required=True, validate=URL, metadata={"example": "https://it.example/hook"})
    events = ma.fields.List(
        ma.fields.String(validate=validate.OneOf(TYPES)),
        load_default=list,
        validate=validate.Length(max=len(TYPES)),
        metadata={"description": "Which types it wants; none: all about the department's branches."},
    )


class HookChange(ma.Schema):
    """What is left out stays."""

    url = ma.fields.String(validate=URL)
    events = ma.fields.List(
        ma.fields.String(validate=validate.OneOf(TYPES)), validate=validate.Length(max=len(TYPES))
    )
    state = ma.fields.String(validate=validate.OneOf(("active", "paused")))


class Hook(ma.Schema):
    endpoint_id = ma.fields.String(required=True)
    url = ma.fields.String(required=True)
    events = ma.fields.List(ma.fields.String(), required=True)
    state = ma.fields.String(required=True)
    why = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why it is paused: by_hand, gone (it answered 410), given_up (24 hours)."},
    )
    made_at = ma.fields.AwareDateTime(required=True)
    delivered_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    two_secrets_until = ma.fields.AwareDateTime(required=True, allow_none=True)
    waiting = ma.fields.Integer(required=True)
    oldest_waiting = ma.fields.AwareDateTime(required=True, allow_none=True)


class HookWithSecret(Hook):
    secret = ma.fields.String(required=True, metadata={"description": "Shown this once."})


class Hooks(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(Hook), required=True)


class DeliveriesQuery(ma.Schema):
    state = ma.fields.String(
        load_default=None, validate=validate.OneOf(("waiting", "trying", "delivered", "given_up"))
    )
    before = ma.fields.Integer(load_default=None, validate=validate.Range(min=1))


class HookTry(ma.Schema):
    at = ma.fields.AwareDateTime(required=True)
    ms = ma.fields.Integer(required=True)
    status = ma.fields.Integer(required=True, allow_none=True)
    error = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "certificate, refused, too_slow, broke_off, unknown_host, inner_address or"
            " not_encrypted."
        },
    )


class HookDelivery(ma.Schema):
    event_id = ma.fields.String(required=True, metadata={"description": "Goes out as webhook-id."})
    type = ma.fields.String(required=True)
    case_id = ma.fields.String(required=True, allow_none=True)
    state = ma.fields.String(required=True)
    written_at = ma.fields.AwareDateTime(required=True)
    next_try = ma.fields.AwareDateTime(required=True, allow_none=True)
    tries = ma.fields.List(ma.fields.Nested(HookTry), required=True)


class Deliveries(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(HookDelivery), required=True)
    next = ma.fields.Integer(required=True, allow_none=True)


class Again(ma.Schema):
    """These events, or all from a moment on; one of the two must be given."""

    events = ma.fields.List(ma.fields.String(validate=EVENT_ID), validate=validate.Length(min=1, max=500))
    since = ma.fields.AwareDateTime()

    @ma.validates_schema
    def _one_of_them(self, data: dict[str, object], **_: object) -> None:
        if len(data) != 1:
            raise ma.ValidationError("Give either events or since.", "events")


class SentAgain(ma.Schema):
    count = ma.fields.Integer(required=True)


class Tested(ma.Schema):
    event_id = ma.fields.String(required=True)
