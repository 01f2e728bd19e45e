"""Raising the real-name level."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from flask.views import MethodView

from chassis.problems import not_found
from chassis.ratelimit import Limit
from chassis.web import (
    Blueprint,
    caller,
    current_database,
    current_session,
    current_uow,
    own,
    reads,
    requires,
    writes,
)
from services.identity import domain, firm_schemas, numbers, queries
from services.identity.domain.real_name import CODE_LIVES, NoMatch, RegistryAway, masked_phone, plain_phone
from services.identity.handlers import real_name as handlers
from services.identity.problems import wrong_number
from services.identity.registry import registry_of

real_name = Blueprint("real_name", __name__, description="Real-name levels 实名等级.")

OWNERS = own("person", "firm")
codes_sent = Limit("phone-code", tries=3, pause=timedelta(minutes=1), longest=timedelta(hours=1))
codes_tried = Limit("phone-confirm", tries=5, pause=timedelta(minutes=1), longest=timedelta(hours=1))
numbers_tried = Limit("real-name", tries=5, pause=timedelta(minutes=5), longest=timedelta(hours=12))
seen_at_window = Limit("window", tries=60, pause=timedelta(seconds=30), longest=timedelta(minutes=10))


def shown(account: domain.Account) -> dict[str, Any]:
    return {
        "level": account.level,
        "kind": account.kind,
        "name": account.display_name,
        "phone": masked_phone(account.phone) if account.phone else None,
        "id_number": numbers.masked(account.id_number) if account.id_number else None,
        "credit_code": account.credit_code,
    }


@real_name.route("/me/real-name")
class Mine(MethodView):
    @reads
    @requires(*OWNERS)
    @real_name.response(200, firm_schemas.RealName)
    def get(self) -> dict[str, Any]:
        """How far the caller is known."""
        return shown(queries.account(caller().account_id, current_session()))


@real_name.route("/me/real-name/phone")
class Phone(MethodView):
    @writes
    @requires(*OWNERS)
    @real_name.arguments(firm_schemas.Phone)
    @real_name.response(202, firm_schemas.Sent)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Send a code to a phone. A few in a row, by account and by phone, then a wait."""
        account_id, uow = caller().account_id, current_uow()
        codes_sent.take(uow, account_id)
        codes_sent.take(uow, plain_phone(command["phone"]))
        handlers.send_code(account_id, command["phone"], uow)
        return {"expires_in": int(CODE_LIVES.total_seconds())}


@real_name.route("/me/real-name/phone/confirm")
class Confirm(MethodView):
    @writes
    @requires(*OWNERS)
    @real_name.arguments(firm_schemas.PhoneCode)
    @real_name.response(200, firm_schemas.RealName)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Say the code back: L1. Five wrong ones, then a wait. Tokens renewed from now on carry the level."""
        account_id, uow = caller().account_id, current_uow()
        codes_tried.take(uow, account_id)
        account = handlers.confirm_phone(account_id, command["code"].strip(), uow)
        codes_tried.clear(uow, account_id)
        codes_sent.clear(uow, account_id)
        return shown(account)


@real_name.route("/me/real-name/number")
class Number(MethodView):
    @requires(*OWNERS)
    @real_name.arguments(firm_schemas.NameAndNumber)
    @real_name.response(200, firm_schemas.RealName)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Name and number are checked against the registry: L2. Every check is written down; a few, then a
        wait. A firm gives those of its legal representative."""
        database, account_id = current_database(), caller().account_id
        name, id_number = command["name"].strip(), numbers.normalised(command["id_number"])
        with database.transaction() as uow:
            numbers_tried.take(uow, account_id)
            valid = numbers.is_id_number(id_number)
            if not valid:
                handlers.note_wrong_number(account_id, uow)
            credit_code = queries.account(account_id, uow.session).credit_code
        if not valid:
            raise domain.InvalidAccount({"id_number": "id_number"})
        try:
            known = registry_of(os.environ, database).knows(name, id_number, credit_code)
        except RegistryAway:
            with database.transaction() as uow:
                handlers.note_registry_away(account_id, uow)
                numbers_tried.clear(uow, account_id)
            raise
        return _settle(account_id, name, id_number, known)


@real_name.route("/phone-codes/<check_id>")
class Code(MethodView):
    @writes
    @requires("contact_reader")
    @real_name.response(200, firm_schemas.ToSend)
    def get(self, check_id: str) -> dict[str, Any]:
        """Phone and code, for the service that sends them. Each reading is written down."""
        found = handlers.read_phone_code(check_id, caller().account_id, current_uow())
        if found is None:
            raise not_found()
        return found


@real_name.route("/window/real-name")
class Window(MethodView):
    @requires("window_clerk")
    @real_name.arguments(firm_schemas.AtWindow)
    @real_name.response(200, firm_schemas.Level)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """A clerk has the person and the document before them: L3, when the registry agrees as well. By whom
        and at which window is written down, and the holder reads it."""
        clerk, database = caller().account_id, current_database()
        login, name = command["login"].strip().lower(), command["name"].strip()
        number = numbers.normalised(command["number"])
        with database.transaction() as uow:
            seen_at_window.take(uow, clerk)
            valid = numbers.is_id_number(number) or numbers.is_credit_code(number)
            if not valid:
                handlers.note_wrong_number(clerk, uow)
            kind = handlers.kind_of(login, uow) if valid else None
        if not valid:
            raise wrong_number()
        known = kind == "firm" or registry_of(os.environ, database).knows(name, number)
        refused: NoMatch | domain.InvalidAccount | None = None
        with database.transaction() as uow:
            try:
                window = command["window"]
                seen = handlers.confirm_at_window(login, name, number, known, window, clerk, uow)
                return {"level": seen.level}
            except (NoMatch, domain.InvalidAccount) as error:
                refused = error
        raise refused


def _settle(account_id: str, name: str, id_number: str, known: bool) -> dict[str, Any]:
    """What the registry said is kept and written down, a no as well."""
    refused: Exception | None = None
    with current_database().transaction() as uow:
        try:
            account = handlers.settle_number(account_id, name, id_number, known, uow)
        except (NoMatch, domain.InvalidAccount) as error:
            refused = error
        else:
            numbers_tried.clear(uow, account_id)
            answer = shown(account)
    if refused is not None:
        raise refused
    return answer
