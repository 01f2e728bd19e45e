"""Pictures of the platform at work, for README and docs: ``python docs/make_screenshots.py``.

Starts the platform on a throw-away folder, files what the sample city files, lets some departments
answer, and writes PNG files to ``docs/screenshots/``. Needs Debian's chromium and the development
requirements.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from demo.client import PASSWORD, Client  # noqa: E402
from demo.departments import make_result  # noqa: E402
from demo.platform import Platform  # noqa: E402

OUT = ROOT / "docs" / "screenshots"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
PATIENCE_S = 20


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


def open_page(browser: Browser, url: str, login: str, viewport: dict[str, int]) -> Page:
    context = browser.new_context(base_url=url, viewport=viewport, locale="zh-CN")  # type: ignore[arg-type]
    page = context.new_page()
    if login:
        page.goto("/sign-in")
        page.fill("#login", login)
        page.fill("#password", PASSWORD)
        page.click("main button.primary")
        page.wait_for_url(lambda address: "/sign-in" not in address)
    return page


def take(page: Page, path: str, name: str, *, whole: bool = True) -> None:
    page.goto(path)
    if page.locator("[data-badge]").count():
        page.wait_for_selector(".live-badge.is-live")
    page.screenshot(path=OUT / f"{name}.png", full_page=whole)
    print(OUT / f"{name}.png")


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Platform(Path(folder)) as platform, sync_playwright() as p:
        restaurant, company = fill_the_city(platform.urls)
        browser = p.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        desk, phone = (open_page(browser, platform.url, "heji", view) for view in (DESK, PHONE))
        take(desk, "/", "home")
        take(desk, "/packages/new-company", "package")
        take(desk, f"/cases/{restaurant}", "case")
        take(phone, f"/cases/{restaurant}", "case-phone")
        take(open_page(browser, platform.url, "shenjiahe", DESK), f"/cases/{company}", "company")
        take(phone, "/apply/new-company", "apply-phone")
        officer = open_page(browser, platform.url, "luming", DESK)
        officer.goto("/work")
        officer.locator("[data-queue] a").first.click()
        officer.click("text=认领这件")
        take(officer, officer.url, "work", whole=False)
        take(open_page(browser, platform.url, "", DESK), "/design", "design")
        browser.close()


if __name__ == "__main__":
    main()
