"""Identity and the sandbox's province in one process: what a browser does between them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from requests.adapters import BaseAdapter
from sqlalchemy import select

from chassis.fakes.database import events_of
from contracts.identity import SecurityChanged
from demo.province.app import create_app
from demo.province.provider import Province, new_key
from demo.province.settings import SECRET_VARIABLE, write_settings
from services.identity import handlers, numbers, orm
from services.identity.upstream import UpstreamClient, Upstreams, read_upstreams
from services.identity.upstream.registered import NAME
from services.identity.upstream.settings import VARIABLE
from tests.integration.identity_office import HASH, Office, post

ISSUER = "http://127.0.0.1:8200"
SECRET = "between the two alone"
BROWSER = "a secret of this browser"
Change = Callable[[str, int, bytes], tuple[int, bytes]]


@cache
def signing_key() -> RSAKey:
    """One for all tests: making one takes a while."""
    return new_key()


class Line(BaseAdapter):
    """Carries identity's calls to the province; ``change`` may alter an answer on its way, or fail."""

    def __init__(self, province: FlaskClient):
        super().__init__()
        self._province = province
        self.change: Change = lambda path, status, body: (status, body)
        self.called: list[str] = []

    def send(self, request: Any, **_: Any) -> requests.Response:
        parts = urlsplit(request.url)
        self.called.append(parts.path)
        headers = {k: v for k, v in request.headers.items() if k != "Content-Length"}
        found = self._province.open(
            parts.path, method=request.method, headers=headers, data=request.body, query_string=parts.query
        )
        answer = requests.Response()
        answer.status_code, body = self.change(parts.path, found.status_code, found.data)
        answer.raw, answer.request, answer.url = io.BytesIO(body), request, request.url
        return answer

    def close(self) -> None:
        pass


class Connected:
    """The province, and the line from an identity to it."""

    def __init__(self, identity: Flask, folder: Path):
        self.province = Province(ISSUER, SECRET, signing_key())
        self.pages = create_app(self.province)
        self.line = Line(self.pages.test_client())
        settings = folder / "upstreams.json"
        write_settings(settings, ISSUER)
        http = requests.Session()
        http.mount("http://", self.line)
        read = read_upstreams({VARIABLE: str(settings), SECRET_VARIABLE: SECRET})
        Upstreams(read, "http://localhost", http).install(identity)

    def sign_in(self, address: str, login: str, password: str = "demo") -> str:
        """Sign in where the browser was sent; returns where it is sent back to."""
        form = {"login": login, "password": password}
        answer = self.pages.test_client().post(address.removeprefix(ISSUER), data=form)
        assert answer.status_code == 302, answer.text
        return str(answer.location)


class ProvinceCity(Office):
    """Identity with accounts, the province, and the line between them."""

    def __init__(self, folder: Path, **changes: Any):
        super().__init__(folder, **changes)
        self._connected = Connected(self.app, folder)
        self.province, self.line = self._connected.province, self._connected.line

    @property
    def client(self) -> UpstreamClient:
        found: UpstreamClient = self.app.extensions[NAME].client("province")
        return found

    def person(self, login: str, name: str, id_number: str, level: int, **options: Any) -> str:
        """An account with this number, shown from level 2 on."""
        with self.database.transaction() as uow:
            made = handlers.open_account(
                login=login,
                password_hash=HASH,
                kind=options.pop("kind", "person"),
                display_name=name,
                id_number=id_number,
                level=level,
                uow=uow,
                **options,
            )
        self.ids[login] = made.account_id
        return made.account_id

    def begin(self, who: FlaskClient, **command: Any) -> dict[str, str]:
        """A sign-in begins; returns what the browser takes to the province."""
        answer = post(who, "/upstreams/province/sign-ins", {"browser": BROWSER} | command)
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    def come_back(self, begun: dict[str, str], login: str, password: str = "demo") -> dict[str, str]:
        """Sign in at the province; returns what it sends the browser back with."""
        back = self._connected.sign_in(begun["location"], login, password)
        return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}

    def answer(self, who: FlaskClient, back: dict[str, str], browser: str = BROWSER) -> Any:
        """What identity says to that."""
        return post(who, "/upstreams/province/answers", back | {"browser": browser})

    def through(self, login: str, who: FlaskClient | None = None, **command: Any) -> Any:
        """The whole way."""
        browser = who or self.anyone()
        return self.answer(browser, self.come_back(self.begin(browser, **command), login))

    @property
    def acts(self) -> list[tuple[str, str]]:
        """What was written down: act and subject."""
        with self.database.read() as session:
            t = orm.audit.c
            return [tuple(row) for row in session.execute(select(t.act, t.subject).order_by(t.id))]

    @property
    def told(self) -> list[tuple[str, str]]:
        """Of what holders are told."""
        found = events_of(self.database, SecurityChanged)
        return [(e.event.account_id, e.event.change) for e in found if isinstance(e.event, SecurityChanged)]

    def account(self, account_id: str) -> Any:
        (row,) = [row for row in self.rows(orm.account) if row.account_id == account_id]
        return row

    def index(self, id_number: str) -> str:
        return numbers.blind_index(self.database.config.master_key, id_number)

    def tamper(self, path: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Alter the JSON the province answers at this path."""

        def altered(found: str, status: int, body: bytes) -> tuple[int, bytes]:
            return (
                (status, json.dumps(change(json.loads(body))).encode()) if found == path else (status, body)
            )

        self.line.change = altered


@contextmanager
def province_city(folder: Path, **changes: Any) -> Iterator[ProvinceCity]:
    made = ProvinceCity(folder, **changes)
    try:
        yield made
    finally:
        made.database.close()
