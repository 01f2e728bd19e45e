"""What operators and their machines ask of every process: alive, ready, how much."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from chassis import metrics, migrate, trust
from chassis.access import public
from chassis.database import Database
from chassis.tables import dead_event, health_note, outbox

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

NOTE_LIVES = timedelta(seconds=60)
GAUGE_AGE_S = 2.0

Answer = tuple[int, str, bytes]


def findings(database: Database, *, checks_tokens: bool = True) -> list[str]:
    """Why this service can't serve, in words for an operator; empty when it can.

    The database must be reachable and migrated, one signing key known where tokens are checked, and the
    worker must not have written a problem in the last minute: a note nobody repeats no longer counts.
    """
    try:
        with database.read() as session:
            session.execute(select(1))
            notes = _notes(session, database) if migrate.at_head(database) else None
        if notes is None:
            return ["the database is not migrated to this version"]
        if checks_tokens and not trust.knows_a_key(database):
            notes.append("no signing key is known yet, no token can be checked")
        return notes
    except SQLAlchemyError:
        return ["the database can't be reached"]


def _notes(session: Session, database: Database) -> list[str]:
    fresh = health_note.c.seen_at > database.now(session) - NOTE_LIVES
    rows = session.execute(
        select(health_note.c.name, health_note.c.problem).where(fresh).order_by(health_note.c.name)
    )
    return [f"{name}: {problem}" for name, problem in rows]


def healthz(database: Database) -> Answer:
    """200: this process answers."""
    return _json(200, {"alive": True, "service": database.service})


def readyz(database: Database, *, checks_tokens: bool = True) -> Answer:
    """200 when the service can serve, else 503 with the reasons."""
    problems = findings(database, checks_tokens=checks_tokens)
    body = {"ready": not problems, "service": database.service, "problems": problems}
    return _json(503 if problems else 200, body)


def measurements(database: Database) -> Answer:
    """Every metric of this process (of all, with ``PROMETHEUS_MULTIPROC_DIR``) in Prometheus' format."""
    measure(database)
    return 200, metrics.CONTENT_TYPE, metrics.exposition()


_measured_at: dict[int, float] = {}


def measure(database: Database) -> None:
    """Look how much waits in the outbox and among the dead, at most every two seconds."""
    now = time.monotonic()
    if now - _measured_at.get(id(database), float("-inf")) < GAUGE_AGE_S:
        return
    _measured_at[id(database)] = now
    service = database.service
    try:
        with database.read() as session:
            moment = database.now(session)
            pending, oldest = session.execute(
                select(func.count(), func.min(outbox.c.due_at)).select_from(outbox)
            ).one()
            dead = session.execute(
                select(func.count()).select_from(dead_event).where(dead_event.c.settled.is_(None))
            ).scalar_one()
    except SQLAlchemyError:
        return
    metrics.OUTBOX_PENDING.labels(service).set(pending)
    waited = (moment - oldest).total_seconds() if oldest is not None else 0
    metrics.OUTBOX_OLDEST.labels(service).set(max(waited, 0))
    metrics.DEAD_EVENTS.labels(service).set(dead)


_ROUTES: dict[str, Callable[[Database], Answer]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": measurements,
}


def blueprint(database: Database) -> Blueprint:
    """``/healthz``, ``/readyz`` and ``/metrics`` for a web application."""
    made = Blueprint("ops", __name__)
    for path, answer in _ROUTES.items():
        made.add_url_rule(path, path[1:], _view(answer, database))
    return made


def _view(answer: Callable[[Database], Answer], database: Database) -> Callable[[], Response]:
    @public
    def view() -> Response:
        status, media_type, body = answer(database)
        return Response(body, status=status, content_type=media_type)

    return view


def application(database: Database) -> WSGIApplication:
    """The same three addresses alone, for a worker, which is ready without any signing key."""
    routes = _ROUTES | {"/readyz": partial(readyz, checks_tokens=False)}

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = routes.get(environ.get("PATH_INFO", ""))
        status, media_type, body = answer(database) if answer else _json(404, {"found": False})
        words = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}[status]
        start_response(
            f"{status} {words}", [("Content-Type", media_type), ("Content-Length", str(len(body)))]
        )
        return [body]

    return serve


def _json(status: int, body: dict[str, Any]) -> Answer:
    return status, "application/json", json.dumps(body, ensure_ascii=False).encode()
