"""A real browser before a portal that really listens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from chassis.fakes.database import memory_database
from chassis.fakes.web import Mint
from demo.platform import free_port
from deploy.local import machine
from services.portal.orm import Base
from services.portal.web import create_app
from tests.unit.portal.fake_city import PASSWORD, catalog, tell_pages
from tests.unit.portal.fake_follow import FollowCity
from tests.unit.portal.fake_sign_in import behind_one_origin
from tests.unit.portal.templates import reuse_compiled

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}
URLS = dict.fromkeys(
    ("identity", "catalog", "intake", "approval", "notification", "dashboard"), "http://city"
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    machine.ensure_installed(machine.FOR_TESTS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(machine.chromium()), args=ARGUMENTS)
        yield browser
        browser.close()


class Site:
    """A portal's address and the city behind it."""

    def __init__(self, url: str, city: FollowCity):
        self.url = url
        self.city = city


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("portal")
    mint = Mint()
    url = f"http://127.0.0.1:{free_port()}"
    database = memory_database("portal", folder, Base.metadata, urls=URLS, public_url=url)
    mint.install(database)
    city = FollowCity(folder, mint, catalog(folder), say=tell_pages(database))
    app = behind_one_origin(reuse_compiled(create_app(database.config, database)), city, database)
    server = make_server("127.0.0.1", int(url.rpartition(":")[2]), app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Site(url, city)
    server.shutdown()
    thread.join()
    server.server_close()
    city.close()


Open = Callable[..., Page]


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Open]:
    """``visit(url, login, …)``: a page of a visitor with a browser of their own."""
    contexts: list[BrowserContext] = []

    def make(url: str, login: str = "", viewport: dict[str, int] | None = None, **options: Any) -> Page:
        context = chromium.new_context(base_url=url, viewport=viewport or DESK, locale="zh-CN", **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        if login:
            page.goto("/sign-in")
            page.fill("#login", login)
            page.fill("#password", PASSWORD)
            page.click("main button.primary")
            page.wait_for_url(lambda address: "/sign-in" not in address)
        return page

    yield make
    for context in contexts:
        context.close()
