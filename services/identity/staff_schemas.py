"""What administering staff takes and gives over HTTP."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from services.identity import domain
from services.identity.schemas import SHORT, ChosenPassword, rule

CURSOR = ma.fields.String(validate=SHORT, load_default=None)


def _roles() -> ma.fields.Field:
    return ma.fields.List(
        ma.fields.String(validate=validate.OneOf(domain.ROLES)),
        required=True,
        validate=validate.Length(min=1, max=len(domain.ROLES)),
    )


class NewStaff(ChosenPassword):
    """An account for a member of staff. Without a password one is made and shown in the answer; either is an
    initial one, which its holder has to change."""

    login = ma.fields.String(required=True, validate=rule(domain.is_login, "login"))
    password = ma.fields.String(validate=[validate.Length(max=200), rule(domain.is_long_enough, "short")])
    display_name = ma.fields.String(required=True, validate=rule(domain.is_name, "name"))
    department = ma.fields.String(required=True, validate=rule(domain.is_unit, "unit"))
    roles = _roles()


class StaffChange(ma.Schema):
    department = ma.fields.String(required=True, validate=rule(domain.is_unit, "unit"))
    roles = _roles()


class StaffQuery(ma.Schema):
    department = ma.fields.String(
        validate=SHORT, load_default=None, metadata={"description": "A unit; everything below it counts."}
    )
    cursor = CURSOR


class StaffMember(ma.Schema):
    account_id = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    login = ma.fields.String(required=True)
    display_name = ma.fields.String(required=True)
    department = ma.fields.String(required=True, allow_none=True)
    roles = ma.fields.List(ma.fields.String(), required=True)
    has_initial_password = ma.fields.Boolean(required=True)
    suspended_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    second_factor_since = ma.fields.AwareDateTime(required=True, allow_none=True)


class StaffPage(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(StaffMember), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class OpenedStaff(StaffMember):
    initial_password = ma.fields.String(
        metadata={"description": "Shown this once, where none was given; its holder has to change it."}
    )


class InitialPassword(ma.Schema):
    initial_password = ma.fields.String(required=True, metadata={"description": "Shown this once."})


class Text(ma.Schema):
    zh = ma.fields.String(required=True)
    en = ma.fields.String(required=True)


class UnitNode(ma.Schema):
    code = ma.fields.String(required=True)
    name = ma.fields.Nested(Text, required=True)
    kind = ma.fields.String(required=True)
    parent = ma.fields.String(required=True, allow_none=True)
    depth = ma.fields.Integer(required=True)


class UnitTree(ma.Schema):
    """Every node below its parent, departments first."""

    items = ma.fields.List(ma.fields.Nested(UnitNode), required=True)
    next = ma.fields.String(allow_none=True, dump_default=None)


class AuditQuery(ma.Schema):
    actor = ma.fields.String(validate=SHORT, load_default=None)
    subject = ma.fields.String(validate=SHORT, load_default=None)
    act = ma.fields.String(validate=SHORT, load_default=None)
    cursor = ma.fields.Integer(load_default=None, validate=validate.Range(min=0))


class AuditLine(ma.Schema):
    id = ma.fields.Integer(required=True)
    at = ma.fields.AwareDateTime(required=True)
    actor = ma.fields.String(required=True)
    act = ma.fields.String(required=True)
    subject = ma.fields.String(required=True)
    actor_name = ma.fields.String(required=True, allow_none=True, metadata={"description": "Staff's only."})
    subject_name = ma.fields.String(required=True, allow_none=True)


class AuditPage(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(AuditLine), required=True)
    next = ma.fields.Integer(required=True, allow_none=True)


class SignInQuery(ma.Schema):
    account = ma.fields.String(validate=SHORT, load_default=None)
    cursor = ma.fields.Integer(load_default=None, validate=validate.Range(min=0))


class SignInLine(ma.Schema):
    id = ma.fields.Integer(required=True)
    at = ma.fields.AwareDateTime(required=True)
    account_id = ma.fields.String(required=True)
    name = ma.fields.String(required=True, allow_none=True, metadata={"description": "Staff's only."})
    outcome = ma.fields.String(required=True)
    device = ma.fields.String(required=True)
    address = ma.fields.String(required=True)


class SignInPage(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(SignInLine), required=True)
    next = ma.fields.Integer(required=True, allow_none=True)
