"""What notification takes and gives over HTTP."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from services.notification.domain import CATEGORIES
from services.notification.words import LANGUAGES

ID = validate.Regexp(r"^[0-9a-f-]{36}$")
MOST_IDS = 100


class Text(ma.Schema):
    zh = ma.fields.String(required=True)
    en = ma.fields.String(required=True)


class InboxQuery(ma.Schema):
    unread = ma.fields.Boolean(load_default=False)
    cursor = ma.fields.String(load_default=None, validate=ID)


class Message(ma.Schema):
    message_id = ma.fields.String(required=True)
    category = ma.fields.String(required=True)
    case = ma.fields.String(required=True, allow_none=True)
    title = ma.fields.Nested(Text, required=True)
    text = ma.fields.Nested(Text, required=True)
    link = ma.fields.String(required=True, metadata={"description": "A path on the portal."})
    at = ma.fields.AwareDateTime(required=True)
    read = ma.fields.Boolean(required=True)


class Inbox(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(Message), required=True)
    next = ma.fields.String(required=True, allow_none=True)
    unread = ma.fields.Integer(required=True)


class Unread(ma.Schema):
    unread = ma.fields.Integer(required=True)


class Read(ma.Schema):
    """Which messages were read; all of the caller's when left out."""

    ids = ma.fields.List(
        ma.fields.String(validate=ID), load_default=None, validate=validate.Length(min=1, max=MOST_IDS)
    )


class Preferences(ma.Schema):
    language = ma.fields.String(required=True, validate=validate.OneOf(LANGUAGES))
    mail = ma.fields.List(
        ma.fields.String(validate=validate.OneOf(CATEGORIES)),
        required=True,
        validate=validate.Length(max=len(CATEGORIES)),
        metadata={"description": "About what messages also come by e-mail."},
    )


class OutboxQuery(ma.Schema):
    state = ma.fields.String(
        load_default=None,
        validate=validate.OneOf(("waiting", "trying", "sent", "failed", "no_address")),
    )
    cursor = ma.fields.String(load_default=None, validate=ID)


class Letter(ma.Schema):
    """What would have been sent: kept in the sandbox only."""

    to = ma.fields.String(required=True)
    subject = ma.fields.String(required=True)
    body = ma.fields.String(required=True)


class Sent(ma.Schema):
    message_id = ma.fields.String(required=True)
    channel = ma.fields.String(required=True)
    recipient = ma.fields.String(required=True)
    text = ma.fields.String(required=True)
    category = ma.fields.String(required=True)
    case_id = ma.fields.String(required=True, allow_none=True)
    state = ma.fields.String(required=True)
    attempts = ma.fields.Integer(required=True)
    error = ma.fields.String(required=True, allow_none=True)
    written_at = ma.fields.AwareDateTime(required=True)
    tried_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    settled_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    letter = ma.fields.Nested(Letter, required=True, allow_none=True)


class StateCount(ma.Schema):
    state = ma.fields.String(required=True)
    count = ma.fields.Integer(required=True)


class Outbox(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(Sent), required=True)
    next = ma.fields.String(required=True, allow_none=True)
    counts = ma.fields.List(ma.fields.Nested(StateCount), required=True)
