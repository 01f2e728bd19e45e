"""HTTP: ``/api/identity``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, request
from flask.views import MethodView

from chassis.config import Config
from chassis.peers import client_address
from chassis.ratelimit import Limit
from chassis.trust import TOKEN_LIFETIME
from chassis.web import (
    Blueprint,
    caller,
    current_database,
    current_session,
    current_uow,
    public,
    reads,
    requires,
    writes,
)
from chassis.web import create_app as service_app
from services.identity import domain, handlers, keys, passwords, queries, schemas
from services.identity.guesses import WrongPasswords
from services.identity.problems import PROBLEMS, session_over, wrong_credentials

tokens = Blueprint("tokens", __name__, description="Signing in, staying so, signing out.")
accounts = Blueprint("accounts", __name__, description="Accounts of persons, firms and staff.")

wrong_passwords = WrongPasswords(
    "sign-in", tries=10, pause=timedelta(seconds=10), longest=timedelta(minutes=15)
)
new_accounts = Limit("register", tries=20, pause=timedelta(minutes=1), longest=timedelta(minutes=15))


def create_app(config: Config, **options: Any) -> Flask:
    """Identity's WSGI application."""
    return service_app(
        config, title="One Window identity", blueprints=[tokens, accounts], problems=PROBLEMS, **options
    )


def _address() -> str:
    return client_address(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))


def _handed_out(signed_in: handlers.SignedIn) -> dict[str, Any]:
    return {
        "access_token": signed_in.access_token,
        "expires_in": int(TOKEN_LIFETIME.total_seconds()),
        "refresh_token": signed_in.refresh_token,
        "account": signed_in.account,
    }


@tokens.route("/tokens")
class Tokens(MethodView):
    @public
    @tokens.arguments(schemas.Credentials)
    @tokens.response(200, schemas.Tokens)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Sign in. Wrong passwords cost time, by login and address: nobody can lock out somebody else."""
        database, name = current_database(), command["login"].strip().lower()
        tried = f"{name} {_address()}"
        with database.read() as session:
            login = queries.login(name, session)
            waiting = wrong_passwords.waiting(tried, session, database.now(session))
        right = not waiting and passwords.matches(login.password_hash if login else None, command["password"])
        with database.transaction() as uow:
            if login is None or not right or wrong_passwords.waiting(tried, uow.session, uow.now):
                wrong_passwords.take(uow, tried)
            else:
                wrong_passwords.clear(uow, tried)
                return _handed_out(handlers.sign_in(login.account_id, uow))
        raise wrong_credentials()


@tokens.route("/tokens/refresh")
class Refresh(MethodView):
    @writes
    @public
    @tokens.arguments(schemas.Refresh)
    @tokens.response(200, schemas.Tokens)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """A new pair of tokens for the refresh token, which is used up by this."""
        signed_in = handlers.refresh(command["refresh_token"], current_uow())
        if signed_in is None:
            raise session_over()
        return _handed_out(signed_in)


@tokens.route("/tokens/revoke")
class Revoke(MethodView):
    @writes
    @requires()
    @tokens.response(204)
    def post(self) -> None:
        """Sign out everywhere: all tokens of this account are refused from now on."""
        handlers.sign_out_everywhere(caller().account_id, current_uow())


@tokens.route("/jwks.json")
class Keys(MethodView):
    @reads
    @public
    @tokens.response(200, schemas.Keys)
    def get(self) -> Any:
        """The public keys access tokens are signed with."""
        found = keys.public_keys(current_session(), current_database().now())
        return {"keys": found}, 200, {"Cache-Control": "public, max-age=60"}


@accounts.route("/me")
class Me(MethodView):
    @reads
    @requires()
    @accounts.response(200, schemas.Account)
    def get(self) -> domain.Account:
        """The caller's account."""
        return queries.account(caller().account_id, current_session())


@accounts.route("/me/data")
class MyData(MethodView):
    @writes
    @requires("person", "firm")
    @accounts.arguments(schemas.DataQuery, location="query")
    @accounts.response(200, schemas.OwnData)
    def get(self, query: dict[str, Any]) -> domain.Account:
        """What is on file about the caller, for a purpose. Each reading is written down with it."""
        return handlers.read_own_data(caller().account_id, query["purpose"], current_uow())


@accounts.route("/me/contact")
class MyContact(MethodView):
    @reads
    @requires()
    @accounts.response(200, schemas.Contact)
    def get(self) -> domain.Account:
        """Where mail for the caller goes."""
        return queries.account(caller().account_id, current_session())

    @writes
    @requires()
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
            new_accounts.take(uow, _address())
        return _open(command)


@accounts.route("/staff")
class Staff(MethodView):
    @requires("platform_admin")
    @accounts.arguments(schemas.NewStaff)
    @accounts.response(201, schemas.Account)
    def post(self, command: dict[str, Any]) -> domain.Account:
        """Open an account for a member of staff; it is written down by whom."""
        return _open(command | {"kind": "staff", "opened_by": caller().account_id})


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
    password_hash = passwords.hashed(command.pop("password"))
    with current_database().transaction() as uow:
        return handlers.open_account(**command, password_hash=password_hash, uow=uow)
