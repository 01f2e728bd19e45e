"""What pictures of the platform are made with: a platform with life in it, and a browser that signs in."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from demo.client import PASSWORD, Client  # noqa: E402
from demo.departments import make_result  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
PATIENCE_S = 20


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's own, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def answer(urls: Mapping[str, str], branch: Mapping[str, Any], opinion: str) -> None:
    """The department's officer claims and agrees."""
    officer = Client(urls, f"officer-{branch['department'].lower()}")
    path = f"/branches/{branch['branch_no']}"
    officer.post("approval", f"{path}/claim")
    produces = officer.get("approval", path).get("produces", [])
    body = {"answer": "agree", "opinion": opinion, "results": {code: make_result(code) for code in produces}}
    officer.post("approval", f"{path}/answer", body)


def wait_for(client: Client, number: str, count: int, *statuses: str) -> dict[str, Mapping[str, Any]]:
    """The case's branches by key, once ``count`` of them stand so."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = client.get("intake", f"/applications/{number}")["branches"]
        if sum(b["status"] in statuses for b in found) >= count:
            return {b["key"]: b for b in found}
        time.sleep(0.05)
    raise SystemExit(f"{number}: the departments never got that far")


def fill_the_city(urls: Mapping[str, str]) -> tuple[str, str]:
    """A restaurant with one answer in, and a company whose licence is out."""
    firm, founder = Client(urls, "heji"), Client(urls, "shenjiahe")
    restaurant = firm.file("open-restaurant")["application_no"]
    branches = wait_for(firm, restaurant, 3, "open")
    answer(urls, branches["drainage-permit"], "隔油池符合要求。")
    company = founder.file("new-company")["application_no"]
    answer(urls, wait_for(founder, company, 1, "open")["company-registration"], "符合规定，准予登记。")
    answer(urls, wait_for(founder, company, 3, "open")["seal-engraving"], "已备案。")
    for _ in range(9):
        founder.file("company-registration")
    wait_for(founder, company, 2, "answered")
    wait_for(firm, restaurant, 1, "answered")
    return restaurant, company


def open_page(browser: Browser, url: str, login: str, **context: Any) -> Page:
    """A page of its own, signed in as ``login`` unless that is empty."""
    page = browser.new_context(base_url=url, locale="zh-CN", **context).new_page()
    if login:
        page.goto("/sign-in")
        page.fill("#login", login)
        page.fill("#password", PASSWORD)
        page.click("main button.primary")
        page.wait_for_url(lambda address: "/sign-in" not in address)
    return page


def take(page: Page, path: str, file: Path, *, whole: bool = True) -> None:
    """Go there, wait until it is live, take a picture."""
    page.goto(path)
    if page.locator("[data-badge]").count():
        page.wait_for_selector(".live-badge.is-live")
    page.screenshot(path=file, full_page=whole)
    print(file)
