"""Signing in, staying so, signing out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask.views import MethodView

from chassis.trust import TOKEN_LIFETIME
from chassis.web import (
    Blueprint,
    caller,
    caller_or_none,
    current_database,
    current_session,
    current_uow,
    public,
    reads,
    requires,
    writes,
)
from services.identity import handlers, keys, passwords, queries, schemas
from services.identity.guesses import WrongPasswords
from services.identity.problems import session_over, wrong_credentials
from services.identity.web.caller import address

tokens = Blueprint("tokens", __name__, description="Signing in, staying so, signing out.")

wrong_passwords = WrongPasswords(
    "sign-in", tries=10, pause=timedelta(seconds=10), longest=timedelta(minutes=15)
)


def _handed_out(signed_in: handlers.SignedIn) -> dict[str, Any]:
    return {
        "access_token": signed_in.access_token,
        "expires_in": int(TOKEN_LIFETIME.total_seconds()),
        "refresh_token": signed_in.refresh_token,
        "account": signed_in.account,
        **({"sso": signed_in.sso} if signed_in.sso else {}),
    }


@tokens.route("/tokens")
class Tokens(MethodView):
    @public
    @tokens.arguments(schemas.Credentials)
    @tokens.response(200, schemas.Tokens)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Sign in. Wrong passwords cost time, by login and address: nobody can lock out somebody else."""
        database, name = current_database(), command["login"].strip().lower()
        tried = f"{name} {address()}"
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


@tokens.route("/sessions/end")
class EndSession(MethodView):
    @writes
    @public
    @tokens.arguments(schemas.EndSession)
    @tokens.response(204)
    def post(self, command: dict[str, Any]) -> None:
        """Sign out of one session: the one a browser's cookie names, else the caller's own. Clients that took
        part in it are told."""
        uow = current_uow()
        found = handlers.browser_session(command["sso"], uow) if command["sso"] else None
        who = caller_or_none()
        if found is not None:
            handlers.end_session(found[0].account_id, found[1].session_id, uow)
        elif who is not None and who.session_id is not None:
            handlers.end_session(who.account_id, who.session_id, uow)


@tokens.route("/jwks.json")
class Keys(MethodView):
    @reads
    @public
    @tokens.response(200, schemas.Keys)
    def get(self) -> Any:
        """The public keys access tokens are signed with."""
        found = keys.public_keys(current_session(), current_database().now())
        return {"keys": found}, 200, {"Cache-Control": "public, max-age=60"}
