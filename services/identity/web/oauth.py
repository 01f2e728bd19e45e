"""How the provider's endpoints answer: one transaction each, kept whatever the answer; errors as RFC 6749 has
them, outside problem+json; every refusal counted, the odd ones written down."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError
from flask import Response, current_app, g, jsonify, request

from chassis import metrics
from chassis.database import is_retryable
from chassis.problems import Problem
from chassis.uow import UnitOfWork
from chassis.views import ATTEMPTS
from chassis.web import current_database
from services.identity.guesses import WrongPasswords
from services.identity.handlers.audit import write_down
from services.identity.provider import Provider
from services.identity.provider.requests import ReadRequest
from services.identity.provider.server import NoChallenge, RedirectMismatch
from services.identity.web.caller import address

V = TypeVar("V", bound=Callable[..., Any])
UNKNOWN = "unknown"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}

odd_requests = WrongPasswords("oidc", tries=20, pause=timedelta(seconds=10), longest=timedelta(minutes=15))
"""Wrong client secrets, redirect addresses, challenges, tokens: by address."""


def settled(view: V) -> V:
    """A view with a unit of work that is committed whatever it answers. The outermost decorator."""

    @wraps(view)
    def settle(*args: Any, **kwargs: Any) -> Any:
        request.get_data(cache=True)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _once(view, *args, **kwargs)
            except Exception as error:
                if attempt == ATTEMPTS or not is_retryable(error):
                    raise
                time.sleep(random.uniform(0, 0.01 * 2**attempt))
        raise AssertionError("unreachable")

    return cast(V, settle)


def _once(view: Callable[..., Any], *args: Any, **kwargs: Any) -> Response:
    with current_database().transaction() as uow:
        g.uow = uow
        g.provider = Provider(uow, current_database().config)
        try:
            if odd_requests.waiting(address(), uow.session, uow.now):
                return _busy(uow)
            return current_app.make_response(view(*args, **kwargs))
        finally:
            g.pop("uow", None)
            g.pop("provider", None)


def provider() -> Provider:
    """The provider of the request at hand."""
    return cast(Provider, g.provider)


def guarded(work: Callable[[], Response]) -> Response:
    """Authlib's answer, or an OAuth error, as JSON or as a redirect to the client's registered address. What
    it can't read (it refuses to echo odd characters) is an invalid request."""
    try:
        response = work()
    except OAuth2Error as error:
        response = provider().handle_error_response(None, error)
    except ValueError:
        unread = InvalidRequestError("The request can't be read.")
        response = provider().handle_error_response(None, unread)
    if provider().refusal is not None:
        note_refusal(provider().refusal)
    response.headers.update(NO_STORE)
    return response


def note_refusal(error: OAuth2Error) -> None:
    """Count it; write down what no well-made client sends, and let whoever sends it wait after some tries."""
    uow, who = provider().uow, client_label()
    metrics.SIGN_INS.labels(who, str(error.error)).inc()
    act = _act(error)
    if act is not None:
        write_down(who, act, [who], uow)
        slow_down(uow)


def _act(error: OAuth2Error) -> str | None:
    if isinstance(error, RedirectMismatch):
        return "oidc:redirect_mismatch"
    if isinstance(error, NoChallenge):
        return "oidc:no_challenge"
    if isinstance(error, InvalidClientError):
        return "oidc:wrong_client"
    if error.error == "invalid_grant" and "challenge" in (error.description or ""):
        return "oidc:wrong_verifier"
    return None


def slow_down(uow: UnitOfWork) -> None:
    """Count one odd request of this address."""
    with suppress(Problem):  # it waits already: this one came beside the one that filled the measure
        odd_requests.take(uow, address())


def client_label() -> str:
    """The client that asks, for metrics and audit: only registered ones have a name."""
    found = provider().query_client(_claimed_client())
    return found.get_client_id() if found is not None else UNKNOWN


def _claimed_client() -> str:
    basic = request.authorization
    if basic is not None and basic.type == "basic":
        return basic.username or ""
    return request.values.get("client_id", "")


def read_request() -> ReadRequest:
    """The request at hand, as Authlib reads it. Raises `InvalidRequestError`."""
    return ReadRequest(request)


def _busy(uow: UnitOfWork) -> Response:
    try:
        odd_requests.take(uow, address())
        seconds = "1"
    except Problem as problem:
        seconds = problem.headers["Retry-After"]
    body = jsonify(error="temporarily_unavailable", error_description="Too many tries; please wait.")
    response = current_app.make_response((body, 429, NO_STORE))
    response.headers["Retry-After"] = seconds
    return response
