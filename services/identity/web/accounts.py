"""Accounts of persons, firms and staff."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask.views import MethodView

from chassis.ratelimit import Limit
from chassis.web import (
    Blueprint,
    caller,
    current_database,
    current_session,
    current_uow,
    own,
    public,
    reads,
    requires,
    writes,
)
from services.identity import domain, handlers, passwords, queries, schemas
from services.identity.web.caller import address

accounts = Blueprint("accounts", __name__, description="Accounts of persons, firms and staff.")

new_accounts = Limit("register", tries=20, pause=timedelta(minutes=1), longest=timedelta(minutes=15))


@accounts.route("/me")
class Me(MethodView):
    @reads
    @requires(*own())
    @accounts.response(200, schemas.Account)
    def get(self) -> domain.Account:
        """The caller's account."""
        return queries.account(caller().account_id, current_session())


@accounts.route("/me/contact")
class MyContact(MethodView):
    @reads
    @requires(*own())
    @accounts.response(200, schemas.Contact)
    def get(self) -> domain.Account:
        """Where mail for the caller goes."""
        return queries.account(caller().account_id, current_session())

    @writes
    @requires(*own())
    @accounts.arguments(schemas.Contact)
    @accounts.response(200, schemas.Contact)
    def put(self, command: dict[str, Any]) -> domain.Account:
        """Change it; null: nowhere."""
        return handlers.set_email(caller().account_id, command["email"], current_uow())


@accounts.route("/accounts")
class Accounts(MethodView):
    @public
    @accounts.arguments(schemas.NewAccount)
    @accounts.response(201, schemas.Account)
    def post(self, command: dict[str, Any]) -> domain.Account:
        """A person or a firm opens an account."""
        with current_database().transaction() as uow:
            new_accounts.take(uow, address())
        return _open(command)


@accounts.route("/accounts/names")
class Names(MethodView):
    @writes
    @requires("staff")
    @accounts.arguments(schemas.NamesQuery, location="query")
    @accounts.response(200, schemas.Names)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Display names by account. Each reading is written down."""
        return {
            "items": handlers.read_names(
                query["ids"], caller().account_id, current_uow(), masked=query["masked"]
            )
        }


@accounts.route("/accounts/contacts")
class Contacts(MethodView):
    @writes
    @requires("contact_reader")
    @accounts.arguments(schemas.NamesQuery, location="query")
    @accounts.response(200, schemas.Contacts)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Names and addresses, for the service that writes to people. Each reading is written down."""
        return {"items": handlers.read_contacts(query["ids"], caller().account_id, current_uow())}


def _open(command: dict[str, Any]) -> domain.Account:
    password = command.pop("password")
    password_hash = passwords.hashed(password)
    with current_database().transaction() as uow:
        return handlers.open_account(**command, password_hash=password_hash, uow=uow)
