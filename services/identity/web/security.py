"""One's own security: password, second factor, sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask.views import MethodView

from chassis.problems import Problem
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
from services.identity import handlers, passwords, queries, security_queries, security_schemas
from services.identity.domain import Account, needs_second_factor
from services.identity.guesses import Codes, own_password
from services.identity.security_problems import (
    no_second_factor,
    second_factor_demanded,
    sign_in_again,
    wrong_code,
    wrong_new_password,
    wrong_old_password,
)
from services.identity.settings import Settings
from services.identity.web.caller import address, device

security = Blueprint("security", __name__, description="One's own password, second factor and sessions.")

SOON = timedelta(minutes=15)


@security.route("/me/security")
class Security(MethodView):
    @reads
    @requires(*own())
    @security.response(200, security_schemas.Security)
    def get(self) -> dict[str, Any]:
        """How the caller signs in."""
        account = queries.account(caller().account_id, current_session())
        known = security_queries.security(account.account_id, current_session())
        more = {"has_password": account.has_password, "login": account.login}
        return known | more | {"second_factor_demanded": _demanded(account)}


@security.route("/me/password")
class Password(MethodView):
    @requires(*own("person", "firm", "staff"))
    @security.arguments(security_schemas.PasswordChange)
    @security.response(204)
    def post(self, command: dict[str, Any]) -> None:
        """Change it; all other sessions end. Who has none yet, having come through another provider, sets the
        first one soon after signing in."""
        account = _without_password() or _with_password(command["password"])
        if (
            reason := passwords.wrong(command["new_password"], account.login, account.display_name)
        ) is not None:
            raise wrong_new_password("new_password", reason)
        if command["new_password"] == command["password"]:
            raise wrong_new_password("new_password", "same")
        password_hash = passwords.hashed(command["new_password"])
        with current_database().transaction() as uow:
            handlers.change_password(account.account_id, password_hash, caller().session_id, uow)


@security.route("/me/second-factor")
class SecondFactor(MethodView):
    @requires(*own("person", "firm", "staff"))
    @security.arguments(security_schemas.BeginEnrolment)
    @security.response(200, security_schemas.Enrolment)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """What to scan with an authenticator app. It asks the password, and a code where an app is to be
        replaced; it counts once a code has confirmed it."""
        account_id = _with_password(command["password"]).account_id
        with current_database().transaction() as uow:
            account = handlers.locked(account_id, uow)
            if handlers.factor_of(account_id, uow) is not None:
                problem = _check(command.get("code", ""), uow)
            else:
                problem = None
            if problem is None:
                secret, uri = handlers.begin_enrolment(account, _holder(), uow)
                return {"secret": secret, "uri": uri}
        raise problem


@security.route("/me/second-factor/confirm")
class Confirm(MethodView):
    @writes
    @requires(*own("person", "firm", "staff"))
    @security.arguments(security_schemas.Code)
    @security.response(200, security_schemas.RecoveryCodes)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """The app counts from now on; the recovery codes are shown this once."""
        uow = current_uow()
        account = handlers.locked(caller().account_id, uow)
        fresh = handlers.confirm_enrolment(account, _holder(), command["code"], uow)
        if fresh is None:
            raise wrong_code()
        return {"recovery_codes": fresh}


@security.route("/me/second-factor/remove")
class Remove(MethodView):
    @writes
    @requires(*own("person", "firm", "staff"))
    @security.arguments(security_schemas.Code)
    @security.response(204)
    def post(self, command: dict[str, Any]) -> None:
        """Password alone from now on; not for whom duties demand a second factor."""
        uow = current_uow()
        account = handlers.locked(caller().account_id, uow)
        if _demanded(account):
            raise second_factor_demanded()
        _shown(command["code"], uow)
        handlers.remove_second_factor(account.account_id, uow)


@security.route("/me/second-factor/recovery-codes")
class RecoveryCodes(MethodView):
    @writes
    @requires(*own("person", "firm", "staff"))
    @security.arguments(security_schemas.Code)
    @security.response(200, security_schemas.RecoveryCodes)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Ten new ones; those before no longer count."""
        uow = current_uow()
        handlers.locked(caller().account_id, uow)
        _shown(command["code"], uow)
        return {"recovery_codes": handlers.renew_recovery_codes(caller().account_id, uow)}


@security.route("/me/sessions")
class Sessions(MethodView):
    @reads
    @requires(*own())
    @security.response(200, security_schemas.OwnSessions)
    def get(self) -> dict[str, Any]:
        """Where the caller is signed in, the newest first."""
        here, database = caller(), current_database()
        found = security_queries.sessions(here.account_id, current_session(), database.now(current_session()))
        return {"items": [s | {"is_this_one": s["session_id"] == here.session_id} for s in found]}


@security.route("/me/sessions/<session_id>")
class OneSession(MethodView):
    @writes
    @requires(*own())
    @security.response(204)
    def delete(self, session_id: str) -> None:
        """Sign out there: its tokens are refused everywhere within seconds, open streams end."""
        handlers.revoke_session(caller().account_id, session_id, current_uow())


@security.route("/me/sessions/end-others")
class OtherSessions(MethodView):
    @writes
    @requires(*own())
    @security.response(200, security_schemas.Ended)
    def post(self) -> dict[str, int]:
        """Sign out everywhere but here."""
        here = caller()
        return {"ended": handlers.revoke_other_sessions(here.account_id, here.session_id, current_uow())}


def _without_password() -> Account | None:
    """The caller's account when it has no password; a problem when the sign-in was a while ago."""
    database, here = current_database(), caller()
    with database.read() as session:
        account = queries.account(here.account_id, session)
        if account.has_password:
            return None
        mine = security_queries.sessions(here.account_id, session, database.now(session))
        oldest = database.now(session) - SOON
    if not any(s["session_id"] == here.session_id and s["started_at"] >= oldest for s in mine):
        raise sign_in_again()
    return account


def _with_password(password: str) -> Account:
    """The caller's account; a problem unless this is its password. Wrong ones cost time, in this session
    alone."""
    database, here = current_database(), caller()
    key = f"{here.account_id} {here.session_id}"
    with database.read() as session:
        account = queries.account(here.account_id, session)
        waiting = own_password.waiting(key, session, database.now(session))
    right = not waiting and passwords.matches(account.password_hash, password)
    with database.transaction() as uow:
        if right and not own_password.waiting(key, uow.session, uow.now):
            own_password.clear(uow, key)
            return account
        own_password.take(uow, key)
    raise wrong_old_password()


def _check(code: str, uow: Any) -> Problem | None:
    """None when the code counts; the try is counted otherwise, in the transaction at hand."""
    codes = Codes(caller().account_id, device(), address())
    if not codes.waiting(uow.session, uow.now) and handlers.check_code(caller().account_id, code, uow):
        codes.clear(uow)
        return None
    codes.take(uow)
    return wrong_code()


def _shown(code: str, uow: Any) -> None:
    if handlers.factor_of(caller().account_id, uow) is None:
        raise no_second_factor()
    if (problem := _check(code, uow)) is not None:
        problem.keep = True
        raise problem


def _holder() -> str:
    return caller().session_id or caller().account_id


def _demanded(account: Account) -> bool:
    return needs_second_factor(account, Settings.from_env().second_factor_roles)
