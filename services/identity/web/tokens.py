"""Signing in, staying so, signing out."""

from __future__ import annotations

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
    own,
    public,
    reads,
    requires,
    writes,
)
from services.identity import handlers, keys, passwords, queries, schemas
from services.identity.guesses import Passwords
from services.identity.problems import session_over, wrong_credentials
from services.identity.security_problems import step_needed
from services.identity.settings import Settings
from services.identity.web.caller import address, device, origin, remember_device

tokens = Blueprint("tokens", __name__, description="Signing in, staying so, signing out.")


def handed_out(signed_in: handlers.SignedIn) -> dict[str, Any]:
    """What whoever has signed in is given; the device is known from now on."""
    remember_device(signed_in.account.account_id)
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
        """Sign in. Wrong passwords cost time, and nobody can lock out somebody else.

        Where more is asked for, the answer is a problem that names the step and carries a ``challenge``,
        which counts once and for five minutes: `/tokens/second-factor`, `/tokens/new-password`.
        """
        database, name, here = current_database(), command["login"].strip().lower(), device()
        with database.read() as session:
            login = queries.login(name, session)
            tries = Passwords(name, login and login.account_id, here, address())
            waiting = tries.waiting(session, database.now(session))
        right = not waiting and passwords.matches(login.password_hash if login else None, command["password"])
        outcome: handlers.SignedIn | handlers.StepNeeded | None = None
        with database.transaction() as uow:
            if login is None or not right or tries.waiting(uow.session, uow.now):
                tries.take(uow)
                if login is not None:
                    handlers.note_sign_in(login.account_id, "wrong_password", origin(), uow)
            else:
                tries.clear(uow)
                account = handlers.locked(login.account_id, uow)
                roles = Settings.from_env().second_factor_roles
                is_new = not here.knows(login.account_id)
                outcome = handlers.proceed(account, origin(), roles, uow, new_device=is_new)
        if outcome is None:
            raise wrong_credentials()
        if isinstance(outcome, handlers.StepNeeded):
            raise step_needed(outcome)
        return handed_out(outcome)


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
        return handed_out(signed_in)


@tokens.route("/tokens/revoke")
class Revoke(MethodView):
    @writes
    @requires(*own())
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
