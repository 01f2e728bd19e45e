"""The portal over a small city of stand-ins."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chassis.database import Database
from chassis.fakes.database import memory_database
from chassis.fakes.web import Mint
from services.portal.orm import Base
from services.portal.web import create_app
from tests.unit.portal.fake_city import PASSWORD, catalog
from tests.unit.portal.fake_follow import FollowCity
from tests.unit.portal.fake_sign_in import behind_one_origin
from tests.unit.portal.templates import reuse_compiled

URLS = dict.fromkeys(
    ("identity", "catalog", "intake", "approval", "notification", "dashboard"), "http://city"
)


@pytest.fixture(scope="session")
def catalog_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("catalog")


@pytest.fixture
def mint() -> Mint:
    return Mint()


@pytest.fixture
def city(mint: Mint, catalog_folder: Path, tmp_path: Path) -> Iterator[FollowCity]:
    made = FollowCity(tmp_path, mint, catalog(catalog_folder))
    yield made
    made.close()


@pytest.fixture
def database(tmp_path: Path, mint: Mint) -> Iterator[Database]:
    made = memory_database("portal", tmp_path, Base.metadata, urls=URLS, public_url="http://localhost")
    mint.install(made)
    yield made
    made.close()


@pytest.fixture
def app(database: Database, city: FollowCity) -> Flask:
    return behind_one_origin(reuse_compiled(create_app(database.config, database)), city, database)


def form_token(page: str) -> str:
    """The token in a page's forms."""
    return re.findall(r'name="csrf" value="([^"]+)"', page)[0]


class Browser:
    """A visitor: follows redirects and sends forms with their token."""

    def __init__(self, client: FlaskClient):
        self.client = client
        self.page: TestResponse | None = None

    def get(self, path: str) -> TestResponse:
        self.page = self.client.get(path, follow_redirects=True)
        return self.page

    def post(self, path: str, **values: Any) -> TestResponse:
        """Send a form, with the token of the page at hand."""
        if self.page is None or 'name="csrf"' not in self.page.text:
            self.get("/sign-in")
        assert self.page is not None
        data = {k.replace("__", "."): v for k, v in values.items()} | {"csrf": form_token(self.page.text)}
        self.page = self.client.post(path, data=data, follow_redirects=True)
        return self.page

    def upload(self, path: str, content: bytes, name: str = "图.pdf", part: str = "file") -> TestResponse:
        """Send a file into a slot, with the token of the page at hand."""
        assert self.page is not None
        return self.send(path, {"csrf": form_token(self.page.text)}, part, name, content)

    def send(
        self, path: str, values: Mapping[str, str], part: str, name: str, content: bytes
    ) -> TestResponse:
        """A form with one file."""
        start = '--mark\r\nContent-Disposition: form-data; name="'
        fields = [f'{start}{n}"\r\n\r\n{v}\r\n' for n, v in values.items()]
        head = f'{start}{part}"; filename="{name}"\r\n\r\n'
        body = "".join([*fields, head]).encode() + content + b"\r\n--mark--\r\n"
        kind = "multipart/form-data; boundary=mark"
        self.page = self.client.post(path, data=body, content_type=kind, follow_redirects=True)
        return self.page

    def sign_in(self, login: str) -> TestResponse:
        """Through the provider and back; to the page that asked for it, if one did."""
        if self.page is None or self.address.removeprefix("/en") != "/sign-in/account":
            self.get("/sign-in")
        return self.give(login, PASSWORD)

    def give(self, login: str, password: str) -> TestResponse:
        """Fill in the sign-in page at hand."""
        assert self.page is not None
        onwards = unescape(re.findall(r'name="next" value="([^"]*)"', self.page.text)[-1])
        return self.post("/sign-in/account", login=login, password=password, next=onwards)

    @property
    def address(self) -> str:
        assert self.page is not None
        return self.page.request.path


@pytest.fixture
def visit(app: Flask) -> Callable[..., Browser]:
    """``visit()`` is somebody new; ``visit("heji")`` is signed in."""

    def make(login: str | None = None) -> Browser:
        browser = Browser(app.test_client())
        if login:
            browser.sign_in(login)
        return browser

    return make
