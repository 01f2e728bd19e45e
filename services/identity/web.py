"""HTTP: ``/api/identity``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, request
from flask.views import MethodView

from chassis import web
from chassis.config import Config
from chassis.database import Database
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
from services.identity import handlers, keys, passwords, queries, schemas
from services.identity.domain import Account
from services.identity.problems import PROBLEMS

STAFF = ("staff", "machine")

tokens = Blueprint("tokens", __name__, description="Signing in, staying so, signing out.")
accounts = Blueprint("accounts", __name__, description="Accounts of persons, firms and staff.")

wrong_passwords = Limit("sign-in", tries=5, pause=timedelta(seconds=5), longest=timedelta(minutes=15))
new_accounts = Limit("register", tries=20, pause=timedelta(minutes=1))


def create_app(config: Config, *, database: Database | None = None) -> Flask:
    """The web application of identity."""
    return web.create_app(config, "One Window: identity", [tokens, accounts], PROBLEMS, database=database)


def _handed_out(signed_in: handlers.SignedIn) -> dict[str, Any]:
    return {
        "access_token": signed_in.access_token,
        "expires_in": int(TOKEN_LIFETIME.total_seconds()),
        "refresh_token": signed_in.refresh_token,
        "account": queries.view(signed_in.account),
    }


@tokens.route("/tokens")
class Tokens(MethodView):
    @public
    @tokens.arguments(schemas.CredentialsSchema)
    @tokens.response(200, schemas.TokensSchema)
    def post(self, command: dict[str, Any]) -> Any:
        """Sign in. Wrong passwords cost time, by account and address: nobody can lock out somebody else."""
        database, login = current_database(), command["login"].strip().lower()
        tried_by = f"{login} {request.remote_addr}"
        with database.transaction() as uow:
            wrong_passwords.take(uow, tried_by)
        with database.read() as session:
            account = queries.by_login(login, session)
            password_hash = account.password_hash if account else None
        right = passwords.matches(password_hash, command["password"])
        with database.transaction() as uow:
            found = uow.session.get(Account, account.account_id) if account else None
            signed_in = handlers.sign_in(found, right, uow)
            wrong_passwords.clear(uow, tried_by)
            return _handed_out(signed_in)


@tokens.route("/tokens/refresh")
class Refresh(MethodView):
    @writes
    @public
    @tokens.arguments(schemas.RefreshSchema)
    @tokens.response(200, schemas.TokensSchema)
    def post(self, command: dict[str, Any]) -> Any:
        """A new pair of tokens for the refresh token, which is used up by this."""
        return _handed_out(handlers.refresh(command["refresh_token"], current_uow()))


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
    @writes
    @public
    @tokens.response(200, schemas.KeysSchema)
    def get(self) -> Any:
        """The public keys access tokens are signed with."""
        return {"keys": keys.public_keys(current_uow())}


@accounts.route("/me")
class Me(MethodView):
    @reads
    @requires()
    @accounts.response(200, schemas.AccountSchema)
    def get(self) -> Any:
        """The account at hand."""
        return queries.view(current_session().get_one(Account, caller().account_id))


@accounts.route("/accounts")
class Accounts(MethodView):
    @public
    @accounts.arguments(schemas.NewAccountSchema)
    @accounts.response(201, schemas.AccountSchema)
    def post(self, command: dict[str, Any]) -> Any:
        """A person or a firm opens an account."""
        with current_database().transaction() as uow:
            new_accounts.take(uow, request.remote_addr or "")
        return _open(command)


@accounts.route("/staff")
class Staff(MethodView):
    @requires("platform_admin")
    @accounts.arguments(schemas.NewStaffSchema)
    @accounts.response(201, schemas.AccountSchema)
    def post(self, command: dict[str, Any]) -> Any:
        """Open an account for a member of staff."""
        return _open(command | {"kind": "staff"})


def _open(command: dict[str, Any]) -> dict[str, Any]:
    password_hash = passwords.hashed(command["password"])
    with current_database().transaction() as uow:
        account = handlers.open_account(**command, password_hash=password_hash, uow=uow)
        uow.session.flush()
        return queries.view(account)


@accounts.route("/accounts/names")
class Names(MethodView):
    @writes
    @requires(*STAFF)
    @accounts.arguments(schemas.NamesQuerySchema, location="query")
    @accounts.response(200, schemas.NamesSchema)
    def get(self, query: dict[str, Any]) -> Any:
        """Display names by account. Each reading is written down."""
        return {"items": handlers.read_names(query["ids"], caller().account_id, current_uow())}
