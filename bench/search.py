"""``python -m bench.search``: loading 100,000 items, searching them and showing guides, in both databases."""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import requests
import yaml
from requests.adapters import BaseAdapter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from urllib3 import HTTPResponse
from werkzeug.test import Client

from bench.usage import rss_mb
from chassis import migrate, tables
from chassis.config import Config
from chassis.database import Database
from deploy.local import machine
from deploy.local.servers import PostgresServer
from services.catalog import bulk, finding, handlers
from services.catalog.web import create_app as catalog_app
from services.portal.orm import Base as PortalBase
from services.portal.web import create_app as portal_app

CITY = Path("sample_city")
QUERIES = Path("tests/search/queries.yaml")
NARROWED: tuple[dict[str, list[str]], ...] = (
    {},
    {"department": ["SJ"]},
    {"audience": ["person"], "theme": ["household"]},
    {"audience": ["firm"], "department": ["SJ", "CG"], "scenario": ["open_restaurant"]},
)

console = Console(stderr=True)


def main() -> int:
    """Exit status 0 when the promised figures are kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=2_000)
    parser.add_argument("--guides", type=int, default=1_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    arguments = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory(prefix="onewindow-bench-") as name:
        folder = Path(name)
        if arguments.only != "postgresql":
            lines.append(_measured("sqlite", f"sqlite:///{folder}/catalog.sqlite", folder, arguments))
        if arguments.only != "sqlite":
            machine.ensure_installed({machine.postgres_binaries: "postgresql"})
            with PostgresServer(folder / "postgres") as server:
                lines.append(_measured("postgresql", server.create_database("catalog"), folder, arguments))
    for line in lines:
        print(json.dumps(line), flush=True)
    kept = all(
        line["search_p99_ms"] < 30 and line["guide_p99_ms"] < 30 and line["load_s"] < 60 for line in lines
    )
    return 0 if kept else 1


def _measured(mode: str, url: str, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    config = Config(service="catalog", database_url=url, broker_url="memory://", master_key=bytes(32))
    database = Database(config)
    migrate.upgrade(database)
    with database.transaction() as uow:
        handlers.load(CITY, uow)
    line: dict[str, Any] = {"mode": mode, "items": arguments.items}
    started, worked = time.perf_counter(), time.process_time()
    shop = bulk.workshop(CITY)
    with _progress(f"{mode}: loading", arguments.items) as told:
        bulk.load(shop, arguments.items, database, told)
    line["load_s"] = round(time.perf_counter() - started, 1)
    line["load_cpu_s"] = round(time.process_time() - worked, 1)
    gc.collect()
    gc.freeze()  # who serves has loaded nothing: what loading left behind isn't gone through again
    queries = [entry["query"] for entry in yaml.safe_load(QUERIES.read_text(encoding="utf-8"))]
    asked = [
        finding.Wanted(query=query, chosen=chosen, page=page)
        for page in (1, 2)
        for chosen in NARROWED
        for query in ("", *queries)
    ]
    with database.read() as session:
        started = time.perf_counter()
        line["found"] = finding.search(session, asked[0])["total"]
        line["first_search_ms"] = round((time.perf_counter() - started) * 1000, 1)
    cold = _times(lambda wanted: _search(database, wanted), asked[1 : len(queries) + 1])
    line |= _percentiles("cold_", cold)
    line |= _percentiles(
        "search_", _times(lambda w: _search(database, w), islice(cycle(asked), arguments.searches))
    )
    line |= _percentiles("guide_", _guides(database, shop, folder / mode, arguments.guides))
    line["rss_mb"] = rss_mb({"all": [_own_pid()]})["all"]
    database.close()
    return line


def _search(database: Database, wanted: finding.Wanted) -> None:
    with database.read() as session:
        finding.search(session, wanted)


def _guides(database: Database, shop: bulk.Workshop, folder: Path, count: int) -> list[float]:
    """Milliseconds for the portal's guide page with the catalogue's answers, each page for the first time."""
    folder.mkdir()
    config = Config(
        service="portal",
        database_url=f"sqlite:///{folder}/portal.sqlite",
        broker_url="memory://",
        master_key=bytes(32),
        urls={"catalog": "http://catalog"},
    )
    own = Database(config)
    with own.writer.begin() as connection:
        tables.metadata.create_all(connection)
        PortalBase.metadata.create_all(connection)
    app = portal_app(config, own)
    app.extensions["portal"].http.mount(
        "http://", _InProcess(Client(catalog_app(database.config, database=database)))
    )
    visitor = app.test_client()
    visitor.get("/items/food-licence")
    codes = [*shop.items, *(m.code for m in shop.made(count))][:count]
    found = _times(lambda code: _shown(visitor.get(f"/items/{code}")), codes)
    own.close()
    return found


def _shown(answer: Any) -> None:
    assert answer.status_code == 200, answer.status


class _InProcess(BaseAdapter):
    """The catalogue answers the portal's client without a socket between them."""

    def __init__(self, client: Client):
        super().__init__()
        self._client = client

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        answer = self._client.open(
            request.path_url, method=request.method, headers=dict(request.headers), data=request.body
        )
        response = requests.Response()
        response.status_code = answer.status_code
        response.headers.update(answer.headers)
        response.raw = HTTPResponse(preload_content=False)
        response._content = answer.data
        return response

    def close(self) -> None:
        pass


def _times(act: Callable[[Any], None], things: Any) -> list[float]:
    found = []
    for thing in things:
        started = time.perf_counter()
        act(thing)
        found.append((time.perf_counter() - started) * 1000)
    return found


def _percentiles(prefix: str, values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    last = len(ordered) - 1
    return {f"{prefix}p{p}_ms": round(ordered[min(last, len(ordered) * p // 100)], 1) for p in (50, 99)}


def _own_pid() -> int:
    import os

    return os.getpid()


class _progress:
    def __init__(self, words: str, total: int):
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console)
        self._task = self._bar.add_task(words, total=total)

    def __enter__(self) -> Callable[[int], None]:
        self._bar.start()
        return lambda done: self._bar.update(self._task, completed=done)

    def __exit__(self, *_: Any) -> None:
        self._bar.stop()


if __name__ == "__main__":
    sys.exit(main())
