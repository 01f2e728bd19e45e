"""The shape of each catalogue file. Unknown fields are errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, get_args

import jsonschema_rs
import marshmallow as ma
from marshmallow import fields, validate
from stdnum.cn import uscc

from contracts.procedure import (
    AcceptanceRule,
    BranchKind,
    Condition,
    Join,
    JoinRule,
    Limit,
    MaterialWay,
    OnTimeout,
    SignerSpec,
    Text,
    Unit,
)
from services.catalog import calendars
from services.catalog.domain import model

LAW_ACCEPTANCE = Limit(value=5, unit="working_days")
"""Administrative License Law, art. 32: what is missing is told within five working days."""

INPUTS = (
    "text", "textarea", "number", "choice", "choices", "yes_no", "date", "mobile", "id_number",
    "credit_code", "people",
)  # fmt: skip

_KEY = validate.Regexp(r"^[a-z][a-z0-9_]*$")
_CODE = validate.Regexp(r"^[a-z][a-z0-9-]*$")
_DEPARTMENT = validate.Regexp(r"^[A-Z]{2,8}$")
_PHONE = validate.Regexp(r"^[0-9]{5,15}$")
_FILLED = validate.Length(min=1)


class Many(fields.List):
    """A list, kept as a tuple."""

    def __init__(self, inner: Any, *, at_least: int = 0, **kwargs: Any):
        if not at_least and not kwargs.get("required"):
            kwargs.setdefault("load_default", ())
        else:
            kwargs["required"] = True
        super().__init__(inner, validate=validate.Length(min=at_least), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(value, attr, data, **kwargs))


class Shape(ma.Schema):
    """A part of a file that becomes the dataclass ``builds``."""

    builds: ClassVar[type]

    @ma.post_load
    def build(self, data: dict[str, Any], **_: Any) -> Any:
        return self.builds(**data)


class TextFile(Shape):
    builds = Text
    zh = fields.String(required=True, validate=_FILLED)
    en = fields.String(required=True, validate=_FILLED)


class CodeOrText(fields.Field[Any]):
    """A department's code, or a text in both languages."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return value if isinstance(value, str) else TextFile().load(value)


def text(**kwargs: Any) -> fields.Nested:
    return fields.Nested(TextFile, **(kwargs or {"required": True}))


def texts(**kwargs: Any) -> Many:
    return Many(fields.Nested(TextFile), **kwargs)


def flag(default: bool) -> fields.Boolean:
    return fields.Boolean(load_default=default, truthy={True}, falsy={False})


def word(*allowed: str, **kwargs: Any) -> fields.String:
    return fields.String(**(kwargs or {"required": True}), validate=validate.OneOf(allowed))


class LimitFile(Shape):
    builds = Limit
    value = fields.Float(required=True)
    unit = word(*get_args(Unit))


class ConditionFile(Shape):
    builds = Condition
    field = fields.String(required=True)
    equals = fields.Raw()
    at_least = fields.Float()

    @ma.validates("equals")
    def check_equals(self, value: Any, **_: Any) -> None:
        if not isinstance(value, str | int | float):
            raise ma.ValidationError("Must be a text, a number, true or false.")


class SignerFile(Shape):
    builds = SignerSpec
    role = fields.String(required=True, validate=validate.Regexp(r"^[a-z_]{2,40}$"))
    title = text()
    named_by = fields.String(required=True)
    numbered_by = fields.String(required=True)
    rows = fields.String(load_default=None)


class JoinFile(Shape):
    builds = Join
    rule = word(*get_args(JoinRule))
    over = Many(fields.String(), at_least=1)
    k = fields.Integer(strict=True, load_default=None)


class CityFile(ma.Schema):
    name = text()
    region_code = fields.String(required=True, validate=validate.Regexp(r"^[0-9]{6}$"))
    largest_group = fields.Integer(strict=True, load_default=7, validate=validate.Range(min=1))
    item_defaults = fields.Dict(keys=fields.String(), load_default=dict)


class DepartmentFile(Shape):
    builds = model.Department
    code = fields.String(required=True, validate=_DEPARTMENT)
    name = text()
    credit_code = fields.String(required=True)
    phone = fields.String(required=True, validate=_PHONE)
    is_government = flag(True)

    @ma.validates("credit_code")
    def check_credit_code(self, value: str, **_: Any) -> None:
        if not uscc.is_valid(value):
            raise ma.ValidationError("Not a unified social credit code (GB 32100-2015).")


class GroupFile(Shape):
    builds = model.Group
    key = fields.String(required=True, validate=_KEY)
    title = text()


class ElementFile(Shape):
    builds = model.Element
    key = fields.String(required=True, validate=_KEY)
    group = fields.String(required=True)
    title = text()
    help = text(load_default=None)
    input = word(*INPUTS, load_default="text")
    labels = fields.Dict(keys=fields.String(), values=fields.Nested(TextFile), load_default=dict)
    schema = fields.Dict(keys=fields.String(), required=True)
    personal = flag(False)
    prefill = word(*get_args(model.Prefill), load_default=None)

    @ma.validates("schema")
    def check_schema(self, value: Mapping[str, Any], **_: Any) -> None:
        if "type" not in value:
            raise ma.ValidationError("Must say its type.")
        if not jsonschema_rs.meta.is_valid(dict(value)):
            raise ma.ValidationError("Not a JSON Schema.")


class MaterialFile(Shape):
    builds = model.Material
    code = fields.String(required=True, validate=_CODE)
    title = text()
    issuer = CodeOrText(load_default=None)
    held = flag(False)
    network_check = flag(False)
    template = flag(False)
    licence_type = fields.String(load_default=None, validate=_CODE)
    gives = Many(fields.String(validate=_KEY))
    renewed_by = fields.String(load_default=None, validate=_CODE)
    feeds_all = flag(False)
    formats = Many(word(*get_args(model.FileFormat)), load_default=("pdf", "jpg", "png"))


class YearFile(ma.Schema):
    holidays = Many(fields.Date())
    extra_workdays = Many(fields.Date())
    provisional = flag(False)


class CalendarFile(ma.Schema):
    first_year = fields.Integer(strict=True, required=True)
    last_year = fields.Integer(strict=True, required=True)
    years = fields.Dict(keys=fields.Integer(strict=True), values=fields.Nested(YearFile), load_default=dict)

    @ma.post_load
    def build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        years = {y: model.CalendarYear(year=y, **said) for y, said in data["years"].items()}
        wrong = {str(y.year): found for y in years.values() if (found := calendars.weekday_problems(y))}
        if wrong:
            raise ma.ValidationError({"years": wrong})
        return data | {"years": years}


class OverrideFile(Shape):
    builds = model.Override
    article = fields.String(required=True, validate=_FILLED)
    reason = text()


class MaterialUseFile(Shape):
    builds = model.MaterialUse
    material = fields.String(required=True)
    how = word(*get_args(MaterialWay))
    required = flag(True)
    note = text(load_default=None)
    exception = fields.Nested(OverrideFile, load_default=None)


class BasisFile(Shape):
    builds = model.Basis
    law = text()
    articles = Many(fields.String())


class StepFile(Shape):
    builds = model.Step
    title = text()
    who = CodeOrText(required=True)
    online = flag(True)


class FeeFile(Shape):
    builds = model.Fee
    fen = fields.Integer(strict=True, required=True, validate=validate.Range(min=0))
    basis = text()


class ExtensionFile(Shape):
    builds = model.Extension
    limit = fields.Nested(LimitFile, required=True)
    by = text()


class ResultFile(Shape):
    builds = model.Result
    title = text()
    validity = text()
    sample = text()
    valid_for = fields.Nested(LimitFile, load_default=None)
    replaces = flag(False)
    revokes = fields.String(load_default=None, validate=_CODE)


class ExternalFile(Shape):
    builds = model.External
    system = text()
    url = fields.Url(required=True, schemes={"https"}, require_tld=False)
    guide = texts(at_least=1)


class QuestionFile(Shape):
    builds = model.Question
    question = text()
    answer = text()


class Handling(Shape):
    """What an item and each of its own branches both say."""

    title = text()
    department = fields.String(required=True)
    kind = word(*get_args(BranchKind))
    statutory = fields.Nested(LimitFile, load_default=None)
    promised = fields.Nested(LimitFile, required=True)
    fields_ = Many(fields.String(), at_least=1, data_key="fields", attribute="fields")
    issues = fields.String(load_default=None, validate=_CODE)
    produces = Many(fields.String(validate=_KEY))


class ItemBranchFile(Handling):
    builds = model.ItemBranch
    key = fields.String(required=True, validate=_CODE)
    required = flag(True)
    depends_on = Many(fields.String())
    when = Many(fields.Nested(ConditionFile))
    on_timeout = word(*get_args(OnTimeout), load_default="escalate")
    timeout_source = fields.String(load_default=None)
    materials = Many(fields.String())


class Offer(ma.Schema):
    """What items and packages both say."""

    file = fields.String(required=True)
    code = fields.String(required=True, validate=_CODE)
    title = text()
    audience = Many(word(*get_args(model.Audience)), at_least=1)
    theme = Many(fields.String(validate=_KEY))
    acceptance = word(*get_args(AcceptanceRule))
    acceptance_limit = fields.Nested(LimitFile, load_default=LAW_ACCEPTANCE)
    regroup = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    faq = Many(fields.Nested(QuestionFile))


class ItemFile(Offer, Handling):
    builds = model.Item
    basic_code = fields.String(required=True)
    type = word(*get_args(model.ItemType))
    level = text()
    exercised_level = text()
    tier = word(*get_args(model.Tier))
    depth = fields.Integer(strict=True, required=True, validate=validate.Range(1, 4))
    visits = fields.Integer(strict=True, required=True)
    visit_exception = fields.Nested(OverrideFile, load_default=None)
    external = fields.Nested(ExternalFile, load_default=None)
    extension = fields.Nested(ExtensionFile, load_default=None)
    second_signature = flag(False)
    fee = fields.Nested(FeeFile, required=True)
    basis = Many(fields.Nested(BasisFile), at_least=1)
    conditions = texts(at_least=1)
    materials = Many(fields.Nested(MaterialUseFile), required=True)
    steps = Many(fields.Nested(StepFile), at_least=1)
    result = fields.Nested(ResultFile, required=True)
    optional = Many(fields.String())
    branches = Many(fields.Nested(ItemBranchFile))
    join = fields.Nested(JoinFile, load_default=None)
    signers = Many(fields.Nested(SignerFile))
    scope = text()
    minimum_real_name_level = fields.Integer(strict=True, required=True, validate=validate.Range(0, 4))
    classified = flag(False)
    entrusted_body = text(load_default=None)
    intermediary_services = texts()
    remedies = texts(at_least=1)
    place = text()
    opening = text()
    supervision_phone = fields.String(required=True, validate=_PHONE)
    sample = flag(False)


class PackageBranchFile(Shape):
    builds = model.PackageBranch
    item = fields.String(required=True)
    required = flag(True)
    depends_on = Many(fields.String())
    when = Many(fields.Nested(ConditionFile))


class NeededFirstFile(Shape):
    builds = model.NeededFirst
    item = fields.String(required=True)
    unless = text()


class PackageFile(Offer, Shape):
    builds = model.Package
    summary = text()
    lead_department = fields.String(required=True)
    branches = Many(fields.Nested(PackageBranchFile), at_least=1)
    join = fields.Nested(JoinFile, required=True)
    outcomes = texts(at_least=1)
    needs_first = Many(fields.Nested(NeededFirstFile))
