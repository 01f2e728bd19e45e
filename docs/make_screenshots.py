"""Pictures of the platform at work, for README and docs: ``python docs/make_screenshots.py``.

Starts the platform on a throw-away folder, files what the sample city files, lets some departments
answer, and writes PNG files to ``docs/screenshots/``. Needs Debian's chromium and the development
requirements.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from pictures import ROOT, chromium, fill_the_city, open_page, take

from demo.platform import Platform

OUT = ROOT / "docs" / "screenshots"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Platform(Path(folder)) as platform, chromium() as browser:
        restaurant, company = fill_the_city(platform.urls)
        desk, phone = (open_page(browser, platform.url, "heji", **view) for view in (DESK, PHONE))
        founder = open_page(browser, platform.url, "shenjiahe", **DESK)
        visitor = open_page(browser, platform.url, "", **DESK)
        officer = open_page(browser, platform.url, "luming", **DESK)
        take(desk, "/", OUT / "home.png")
        take(desk, "/packages/new-company", OUT / "package.png")
        take(desk, f"/cases/{restaurant}", OUT / "case.png")
        take(phone, f"/cases/{restaurant}", OUT / "case-phone.png")
        take(founder, f"/cases/{company}", OUT / "company.png")
        take(phone, "/apply/new-company", OUT / "apply-phone.png")
        officer.goto("/work")
        officer.locator("[data-queue] a").first.click()
        officer.click("text=认领这件")
        take(officer, officer.url, OUT / "work.png", whole=False)
        take(visitor, "/design", OUT / "design.png")


if __name__ == "__main__":
    main()
