"""Identity over HTTP, for clients that are not ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from werkzeug.serving import make_server

from chassis import migrate, trust
from chassis.database import Database
from chassis.fakes.database import deliver, events_of, scratch_config
from demo.platform import free_port
from services.identity import sample
from services.identity.web import create_app

SAMPLE = Path(__file__).parents[2] / "sample_city"
BASE = "/api/identity"


def identity_database(folder: Path, public_url: str = "http://localhost", **changes: str) -> Database:
    """Identity's database with the sample city's accounts; it trusts its own keys."""
    database = Database(scratch_config("identity", folder, public_url=public_url, **changes))
    migrate.upgrade(database)
    with database.transaction() as uow:
        sample.load(SAMPLE, uow)
    deliver(database, trust.keep, events_of(database, *trust.EVENTS), subscription="identity.trust")
    return database


@contextmanager
def served(app: Flask, port: int) -> Iterator[str]:
    """The application on a port of its own."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def identity_over_http(folder: Path, database_url: str) -> Iterator[tuple[str, Database]]:
    """Its address, and its database."""
    port = free_port()
    database = identity_database(folder, f"http://127.0.0.1:{port}", database_url=database_url)
    try:
        with served(create_app(database.config, database=database), port) as url:
            yield url, database
    finally:
        database.close()
