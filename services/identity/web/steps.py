"""Signing in by steps: a code, a password of one's own, an authenticator app."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView

from chassis.problems import Problem
from chassis.web import Blueprint, current_database, current_uow, public, writes
from services.identity import handlers, passwords, security_schemas
from services.identity.domain import Account, Challenge
from services.identity.guesses import Codes
from services.identity.security_problems import step_needed, wrong_code, wrong_new_password
from services.identity.settings import Settings
from services.identity.web.caller import address, device, origin
from services.identity.web.tokens import handed_out

steps = Blueprint("steps", __name__, description="What is asked of somebody whose password was right.")


@steps.route("/tokens/second-factor")
class SecondFactor(MethodView):
    @writes
    @public
    @steps.arguments(security_schemas.ChallengeCode)
    @steps.response(200, security_schemas.SignedInByStep)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Go on by a code of the app, or by a recovery code. A wrong one leaves the challenge open, five
        times; a right one uses it up, and no code counts twice. While an app is taken up, the answer carries
        the recovery codes."""
        uow = current_uow()
        account, challenge = handlers.take_up(command["challenge"], uow)
        step = handlers.step_of(account, challenge, _roles(), uow)
        codes, fresh, shown = Codes(account.account_id, device(), address()), None, None
        if codes.waiting(uow.session, uow.now):
            codes.take(uow)
        if step == "second_factor":
            shown = handlers.check_code(account.account_id, command["code"], uow)
        elif step == "enrol":
            fresh = handlers.confirm_enrolment(account, challenge.key, command["code"], uow)
        else:
            raise handlers.SignInOver
        if shown is None and fresh is None:
            challenge.tries += 1
            codes.take(uow)
            handlers.note_sign_in(account.account_id, "wrong_code", origin(), uow)
            raise _kept(wrong_code())
        codes.clear(uow)
        if shown == "recovery_code":
            handlers.note_sign_in(account.account_id, "recovery_code", origin(), uow)
        answer = _go_on(account, challenge, [*challenge.passed, "second_factor"])
        return answer | ({"recovery_codes": fresh} if fresh else {})


@steps.route("/tokens/second-factor/enrolment")
class Enrolment(MethodView):
    @writes
    @public
    @steps.arguments(security_schemas.ChallengeOnly)
    @steps.response(200, security_schemas.Enrolment)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """What to scan, for somebody whose duties demand a second factor and who has none yet."""
        uow = current_uow()
        account, challenge = handlers.take_up(command["challenge"], uow)
        if handlers.step_of(account, challenge, _roles(), uow) != "enrol":
            raise handlers.SignInOver
        secret, uri = handlers.begin_enrolment(account, challenge.key, uow)
        return {"secret": secret, "uri": uri}


@steps.route("/tokens/new-password")
class NewPassword(MethodView):
    @public
    @steps.arguments(security_schemas.ChallengePassword)
    @steps.response(200, security_schemas.SignedInByStep)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Go on by a password of one's own in place of an initial one."""
        database = current_database()
        with database.transaction() as uow:
            account, _ = _at_new_password(command["challenge"], uow)
            login, name, old = account.login, account.display_name, account.password_hash
        if (reason := passwords.wrong(command["password"], login, name)) is not None:
            raise wrong_new_password("password", reason)
        if passwords.matches(old, command["password"]):
            raise wrong_new_password("password", "same")
        password_hash = passwords.hashed(command["password"])
        with database.transaction() as uow:
            account, challenge = _at_new_password(command["challenge"], uow)
            passed = challenge.passed
            uow.session.delete(challenge)
            handlers.replace_password(account, password_hash, uow)
            outcome = _proceed(account, passed, uow)
        return _answer(outcome)


def _at_new_password(challenge: str, uow: Any) -> tuple[Account, Challenge]:
    account, found = handlers.take_up(challenge, uow)
    if handlers.step_of(account, found, _roles(), uow) != "new_password":
        raise handlers.SignInOver
    return account, found


def _go_on(account: Account, challenge: Challenge, passed: list[str]) -> dict[str, Any]:
    """The next step or the session, in the unit of work at hand; the challenge is used up either way."""
    uow = current_uow()
    uow.session.delete(challenge)
    outcome = _proceed(account, passed, uow)
    if isinstance(outcome, handlers.StepNeeded):
        raise _kept(step_needed(outcome))
    return handed_out(outcome)


def _proceed(account: Account, passed: list[str], uow: Any) -> handlers.SignedIn | handlers.StepNeeded:
    is_new = not device().knows(account.account_id)
    return handlers.proceed(account, origin(), _roles(), uow, passed=passed, new_device=is_new)


def _answer(outcome: handlers.SignedIn | handlers.StepNeeded) -> dict[str, Any]:
    if isinstance(outcome, handlers.StepNeeded):
        raise step_needed(outcome)
    return handed_out(outcome)


def _kept(problem: Problem) -> Problem:
    problem.keep = True
    return problem


def _roles() -> frozenset[str]:
    return Settings.from_env().second_factor_roles
