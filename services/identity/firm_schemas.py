"""What identity takes and gives over HTTP about real names and firms."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from services.identity.domain.firms import MOST_ITEMS
from services.identity.domain.real_name import is_phone, is_window
from services.identity.schemas import NUMBER, SHORT, rule

NAME = validate.Length(min=1, max=50)
CODE = validate.Length(min=1, max=40)
ITEM = validate.Length(min=1, max=60)


class RealName(ma.Schema):
    """Where an account stands. ``phone`` and ``id_number`` are masked."""

    level = ma.fields.Integer(required=True)
    kind = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    phone = ma.fields.String(required=True, allow_none=True)
    id_number = ma.fields.String(required=True, allow_none=True)
    credit_code = ma.fields.String(required=True, allow_none=True)


class Phone(ma.Schema):
    phone = ma.fields.String(required=True, validate=[NUMBER, rule(is_phone, "phone")])


class PhoneCode(ma.Schema):
    code = ma.fields.String(required=True, validate=CODE)


class Sent(ma.Schema):
    expires_in = ma.fields.Integer(required=True, metadata={"description": "Seconds."})


class ToSend(ma.Schema):
    phone = ma.fields.String(required=True)
    code = ma.fields.String(required=True)


class NameAndNumber(ma.Schema):
    """Of a firm: of its legal representative."""

    name = ma.fields.String(required=True, validate=NAME)
    id_number = ma.fields.String(required=True, validate=NUMBER)


class AtWindow(ma.Schema):
    """Of whom a clerk has seen the document; ``number`` is the ID number, a firm's credit code."""

    login = ma.fields.String(required=True, validate=SHORT)
    name = ma.fields.String(required=True, validate=NAME)
    number = ma.fields.String(required=True, validate=NUMBER)
    window = ma.fields.String(
        required=True,
        validate=rule(is_window, "window"),
        metadata={"description": "Which window, with its hall where there are several: 12, A-03."},
    )
    matches = ma.fields.Boolean(
        required=True,
        validate=rule(bool, "matches"),
        metadata={"description": "Person and document agree 人证一致; only true is taken."},
    )


class Level(ma.Schema):
    level = ma.fields.Integer(required=True)


class Agency(ma.Schema):
    agency_id = ma.fields.String(required=True)
    role = ma.fields.String(required=True)
    items = ma.fields.List(ma.fields.String(), required=True, metadata={"description": "None: all."})
    until = ma.fields.AwareDateTime(required=True, allow_none=True)
    granted_at = ma.fields.AwareDateTime(required=True)
    ended_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    state = ma.fields.String(required=True)


class ActingFor(Agency):
    firm = ma.fields.String(required=True, metadata={"description": "The header OneWindow-Acting-For."})
    name = ma.fields.String(required=True)


class Firms(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(ActingFor), required=True)


class Member(Agency):
    agent = ma.fields.String(required=True)
    name = ma.fields.String(required=True)


class Invited(ma.Schema):
    invitation_id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    items = ma.fields.List(ma.fields.String(), required=True)
    until = ma.fields.AwareDateTime(required=True)
    expires_at = ma.fields.AwareDateTime(required=True)
    state = ma.fields.String(required=True)


class WithCode(Invited):
    code = ma.fields.String(required=True, metadata={"description": "Shown this once."})


class Offered(Invited):
    firm = ma.fields.String(required=True)
    firm_name = ma.fields.String(required=True)


class Firm(ma.Schema):
    account_id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    credit_code = ma.fields.String(required=True)
    level = ma.fields.Integer(required=True)
    members = ma.fields.List(ma.fields.Nested(Member), required=True)
    invitations = ma.fields.List(ma.fields.Nested(Invited), required=True)


class Invite(ma.Schema):
    name = ma.fields.String(required=True, validate=validate.Length(max=50))
    items = ma.fields.List(
        ma.fields.String(validate=ITEM), load_default=[], validate=validate.Length(max=2 * MOST_ITEMS)
    )
    until = ma.fields.AwareDateTime(required=True)


class InvitationCode(ma.Schema):
    code = ma.fields.String(required=True, validate=CODE)
