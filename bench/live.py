"""``python -m bench.live``: from an officer's click to the change on an applicant's open page.

One process, a real browser with the case open, and many other open pages of the same case as plain streams.
The officer clicks on the portal's pages too. One JSON line; both clocks are this machine's.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.progress import track

from demo.client import PASSWORD, Client
from demo.platform import Platform
from deploy.local import machine

PROCEDURE = "open-restaurant"
DEPARTMENT, OFFICER, APPLICANT = "SJ", "luming", "heji"
PATIENCE_S = 20
CSRF = re.compile(r'name="csrf" value="([^"]+)"')
HIDDEN = re.compile(r'name="(csrf|next)" value="([^"]*)"')
WATCH = """() => {
  window.changedAt = 0;
  new MutationObserver(() => { window.changedAt ||= Date.now(); })
    .observe(document.querySelector("[data-stream]"), {subtree: true, childList: true});
}"""

console = Console(stderr=True)


class Visitor:
    """Somebody signed in on the portal's pages, without a browser."""

    def __init__(self, url: str, login: str):
        self._url = url
        self._http = requests.Session()
        page = self._http.get(f"{url}/sign-in", timeout=30).text
        fields = {name: unescape(value) for name, value in HIDDEN.findall(page)}
        data = fields | {"login": login, "password": PASSWORD}
        answer = self._http.post(f"{url}/sign-in/account", data=data, timeout=30)
        assert answer.ok and "/sign-in" not in answer.url, f"{login}: {answer.status_code} {answer.url}"

    def post(self, page: str, path: str, **values: str) -> float:
        """Send a form of ``page``; returns when it was sent, seconds since 1970."""
        found = CSRF.search(self._http.get(self._url + page, timeout=30).text)
        assert found is not None, f"no form on {page}"
        data = values | {"csrf": found[1]}
        sent_at = time.time()
        answer = self._http.post(self._url + path, data=data, allow_redirects=False, timeout=30)
        assert answer.status_code == 303, f"{path}: {answer.status_code}"
        return sent_at

    @property
    def cookies(self) -> str:
        return "; ".join(f"{c.name}={c.value}" for c in self._http.cookies)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    parser.add_argument("--clicks", type=int, default=100)
    parser.add_argument("--open", type=int, default=500, help="other open pages of the case at hand")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="onewindow-bench-"))
        platform = stack.enter_context(Platform(Path(folder) / "data"))
        browser = stack.enter_context(open_browser())
        page = browser.new_page(base_url=platform.url, bypass_csp=True)
        delays = _measure(platform, page, arguments.clicks, arguments.open)
    print(json.dumps({"mode": "embedded", "open": arguments.open, "clicks": len(delays)} | _shown(delays)))
    return 0


def _measure(platform: Platform, page: Page, clicks: int, streams: int) -> list[float]:
    applicant = Client(platform.urls, APPLICANT)
    officer, owner = Visitor(platform.url, OFFICER), Visitor(platform.url, APPLICANT)
    _sign_in(page)
    delays: list[float] = []
    number, branch = "", ""
    with ExitStack() as stack:
        for click in track(range(clicks), "clicks", console=console):
            if click % 2 == 0:  # claimed, then given back; on one case, so that its pages stay open
                if not number:
                    number, branch = _file(applicant)
                    stack.enter_context(_open_pages(platform.url, number, owner.cookies, streams))
                    page.goto(f"/cases/{number}")
                    page.wait_for_selector(".live-badge.is-live")
                act = "claim"
            else:
                act = "release"
            page.evaluate(WATCH)
            sent_at = officer.post(f"/work/{branch}", f"/work/{branch}/{act}")
            page.wait_for_function("window.changedAt > 0", timeout=PATIENCE_S * 1000, polling=20)
            delays.append(page.evaluate("window.changedAt") - sent_at * 1000)
            page.wait_for_function("!document.querySelector('.fresh')", timeout=PATIENCE_S * 1000)
    return sorted(delays)


def _file(applicant: Client) -> tuple[str, str]:
    """A case whose branch at the officer's department is open."""
    number = str(applicant.file(PROCEDURE)["application_no"])
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for branch in applicant.get("intake", f"/applications/{number}")["branches"]:
            if branch["department"] == DEPARTMENT and branch["status"] == "open":
                return number, str(branch["branch_no"])
        time.sleep(0.05)
    raise SystemExit(f"{number} was never opened at {DEPARTMENT}")


def _sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.fill("#login", APPLICANT)
    page.fill("#password", PASSWORD)
    page.click("main button.primary")
    page.wait_for_url(lambda address: "/sign-in" not in address)


@contextmanager
def open_browser() -> Iterator[Any]:
    """Debian's chromium without a window."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=str(machine.chromium()), args=arguments)
        yield browser
        browser.close()


@contextmanager
def _open_pages(url: str, number: str, cookies: str, count: int) -> Iterator[None]:
    """That many streams of the case, read by one thread."""
    address = urlsplit(url)
    request = f"GET /stream/cases/{number} HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: {cookies}\r\n\r\n"
    connections = []
    for _ in range(count):
        connection = socket.create_connection((address.hostname or "", address.port or 80))
        connection.sendall(request.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 200"), "a stream was refused"
        connections.append(connection)
    over = threading.Event()
    reader = threading.Thread(target=_read, args=(connections, over), daemon=True)
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()
        for connection in connections:
            connection.close()


def _read(connections: list[socket.socket], over: threading.Event) -> None:
    for connection in connections:
        connection.setblocking(False)
    while not over.wait(0.2):
        for connection in connections:
            try:
                connection.recv(65536)
            except BlockingIOError:
                continue


def _shown(delays: list[float]) -> dict[str, float]:
    last = len(delays) - 1
    return {f"p{p}_ms": round(delays[min(last, len(delays) * p // 100)], 1) for p in (50, 99, 100)}


if __name__ == "__main__":
    sys.exit(main())
