"""Views that write and views that read: one unit of work or one session a request."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, current_app, g, request
from sqlalchemy.orm import Session

from chassis import idempotency, ratelimit
from chassis.auth import caller_or_none
from chassis.database import Database, is_retryable
from chassis.idempotency import Claim
from chassis.problems import Problem, problem_for
from chassis.serving import serving
from chassis.uow import UnitOfWork

V = TypeVar("V", bound=Callable[..., Any])

ATTEMPTS = 5
SWEEP_EVERY_S = 600.0


def current_database() -> Database:
    """The database of the application at hand, for work outside `writes` and `reads`."""
    return serving().database


def current_uow() -> UnitOfWork:
    """The unit of work of the request at hand, inside a view marked `writes`."""
    uow: UnitOfWork | None = g.get("uow")
    if uow is None:
        raise RuntimeError("only a view marked @writes has a unit of work")
    return uow


def current_session() -> Session:
    """The session of the request at hand, inside a view marked `reads` or `writes`."""
    if "uow" in g:
        return cast(UnitOfWork, g.uow).session
    session: Session | None = g.get("session")
    if session is None:
        raise RuntimeError("only a view marked @reads or @writes has a session")
    return session


def reads(view: V) -> V:
    """A view with a read-only session, closed once its answer is made. The outermost decorator."""

    @wraps(view)
    def read(*args: Any, **kwargs: Any) -> Any:
        with serving().database.read() as session:
            g.session = session
            try:
                return current_app.make_response(view(*args, **kwargs))
            finally:
                del g.session

    return cast(V, read)


def writes(view: V | None = None, *, idempotent: bool = False) -> Any:
    """A view with a unit of work. The outermost decorator.

    The unit of work is committed when the view succeeded and its answer is made; any exception and any
    answer from 400 on undo it (a `Problem` with ``keep`` excepted, raised or made of an exception by the
    service's table). The body is read before the
    transaction begins, and after a deadlock, a serialisation failure or a lock time-out everything
    is repeated in a fresh one. With ``idempotent`` an ``Idempotency-Key`` is honoured.
    """
    if view is None:
        return lambda v: writes(v, idempotent=idempotent)
    inner = view

    @wraps(inner)
    def write(*args: Any, **kwargs: Any) -> Response:
        request.get_data(cache=True)
        claim = _claim() if idempotent else None
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = _once(lambda: current_app.make_response(inner(*args, **kwargs)), claim)
                break
            except Exception as error:
                if attempt == ATTEMPTS or not is_retryable(error):
                    raise
                time.sleep(random.uniform(0, 0.01 * 2**attempt))
        _sweep_now_and_then(serving().database)
        return response

    if idempotent:
        _document_key(write)
    return cast(V, write)


class _Undo(Exception):
    def __init__(self, response: Response):
        super().__init__(response.status)
        self.response = response


def _once(view: Callable[[], Response], claim: Claim | None) -> Response:
    kept: Problem | None = None
    try:
        with serving().database.transaction() as uow:
            g.uow = uow
            if claim is not None and (earlier := claim.take(uow)) is not None:
                return earlier
            try:
                response = view()
            except Exception as error:
                problem = error if isinstance(error, Problem) else problem_for(error, serving().problems)
                if problem is None or not problem.keep:
                    raise
                kept = problem
                if claim is not None:
                    claim.release(uow)
            else:
                if response.status_code >= 400:
                    raise _Undo(response)
                if claim is not None:
                    claim.store(uow, response)
    except _Undo as undone:
        return undone.response
    finally:
        g.pop("uow", None)
    if kept is not None:
        raise kept
    return response


def _claim() -> Claim | None:
    who = caller_or_none()
    if who is None:
        return idempotency.claim_of(request, "")
    mine = f"{who.account_id} {who.principal}" if who.acting else who.account_id
    return idempotency.claim_of(request, mine)


def _document_key(view: Any) -> None:
    view._apidoc = deepcopy(getattr(view, "_apidoc", {}))
    view._apidoc.setdefault("arguments", {}).setdefault("parameters", []).append(
        {
            "in": "header",
            "name": idempotency.HEADER,
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": idempotency.MAX_LENGTH},
            "description": "The same key gets the same answer for 24 hours, and takes effect once.",
        }
    )


_swept_at: dict[int, float] = {}


def _sweep_now_and_then(database: Database) -> None:
    """Every ten minutes a process, one of its requests clears away a small batch of what has expired."""
    now = time.monotonic()
    if now - _swept_at.setdefault(id(database), now) < SWEEP_EVERY_S:
        return
    _swept_at[id(database)] = now
    idempotency.sweep(database)
    ratelimit.sweep(database)
