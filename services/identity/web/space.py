"""Spaces: certificates, who read my data; and what is known for a form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask.views import MethodView

from chassis.web import (
    Blueprint,
    caller,
    current_database,
    current_session,
    current_uow,
    of_department,
    own,
    reads,
    requires,
    writes,
)
from services.identity import space_queries, space_schemas
from services.identity.domain.space import SOON, masked
from services.identity.handlers import known as handlers
from services.identity.handlers import library
from services.identity.handlers.known import Asked, Value
from services.identity.web.caller import holder

space = Blueprint("space", __name__, description="A holder's certificates, and who read the holder's data.")
known = Blueprint("known", __name__, description="What is already known for a form.")

HOLDERS = own("person", "firm")
ISSUERS = of_department("officer", "department_system")
OF_ACCOUNT = {"source": "account", "zh": "您的实名信息", "en": "your verified account"}


@space.route("/certificates")
class Certificates(MethodView):
    @reads
    @requires(*HOLDERS)
    @space.response(200, space_schemas.Certificates)
    def get(self) -> dict[str, Any]:
        """My certificates: the valid ones first, of these the next to end before the others."""
        session = current_session()
        now = current_database().now(session)
        return {"items": _shown(handlers.certificates_of(holder(), session, now))}


@space.route("/certificates/<certificate_id>/revocation")
class Revocation(MethodView):
    @writes(idempotent=True)
    @requires(*ISSUERS)
    @space.response(204)
    def post(self, certificate_id: str) -> None:
        """End a certificate that the caller's department issued."""
        library.revoke(certificate_id, caller().department, current_uow())


@space.route("/readings")
class Readings(MethodView):
    @reads
    @requires(*HOLDERS)
    @space.arguments(space_schemas.Page, location="query")
    @space.response(200, space_schemas.Readings)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Who read my data, what, when and what for; the last reading first."""
        return space_queries.readings_of(holder(), query.get("cursor"), current_session())


@known.route("/known")
class Known(MethodView):
    @writes
    @requires(*HOLDERS)
    @known.arguments(space_schemas.KnownQuery)
    @known.response(200, space_schemas.Known)
    def post(self, query: dict[str, Any]) -> dict[str, Any]:
        """What is known for this form: values with their origin, and certificates for its materials. What is
        read is written down with its purpose; for the purpose reuse no value is read."""
        asked = Asked(
            procedure=query["procedure"],
            fields=query["fields"] if query["purpose"] == handlers.PREFILL else {},
            materials=query["materials"],
        )
        values, certificates = handlers.known_for(asked, holder(), current_uow())
        return {
            "purpose": query["purpose"],
            "items": [{"field": v.field, "value": v.value, "origin": _origin(v)} for v in values],
            "certificates": _shown(certificates),
        }


@known.route("/known/self")
class Self(MethodView):
    @writes
    @requires(*HOLDERS)
    @known.arguments(space_schemas.Numbers)
    @known.response(200, space_schemas.OwnPlace)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Which of these ID numbers, if any, is the caller's own checked one. For co-signing; it is written
        down."""
        place, level = handlers.own_place(command["id_numbers"], caller().account_id, current_uow())
        return {"place": place, "level": level}


@known.route("/known/consents")
class Consents(MethodView):
    @writes
    @requires(*HOLDERS)
    @known.arguments(space_schemas.CertificateConsents)
    @known.response(200, space_schemas.UsedList)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Agree, or not, that certificates are used in a matter. Answers with those that may be used now."""
        used = handlers.agree(
            command["matter"],
            command["procedure"],
            command["certificates"],
            holder(),
            caller().account_id,
            current_uow(),
        )
        return {"items": _named(used)}


def _shown(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        row
        | {
            "number": masked(row["number"]),
            "soon": row["state"] == "valid"
            and row["days_left"] is not None
            and row["days_left"] <= SOON.days,
        }
        for row in _named(rows)
    ]


def _named(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    names = space_queries.department_names(current_session())
    return [
        row | {"issuer_name": names.get(row["issuer"]) or dict.fromkeys(("zh", "en"), row["issuer"])}
        for row in rows
    ]


def _origin(value: Value) -> dict[str, str]:
    if value.certificate is None:
        return OF_ACCOUNT
    return {"source": "certificate", **value.certificate["title"]}
