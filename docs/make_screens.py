"""A picture of every page in every size, in elderly mode and as printed: ``make screens``.

Writes ``var/screens/`` with one PNG file a page and size, and ``index.html`` with all of them side by side.
Exit status 1 when a page scrolls sideways, or answers with another status than expected.
"""

from __future__ import annotations

import html
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pictures import ROOT, chromium, fill_the_city, open_page
from playwright.sync_api import Browser, Page
from rich.progress import track

from demo.client import Client, sample_form
from demo.platform import Platform

OUT = ROOT / "var" / "screens"
SIZES: dict[str, dict[str, Any]] = {
    "360": {"viewport": {"width": 360, "height": 740}},
    "768": {"viewport": {"width": 768, "height": 1024}},
    "1280": {"viewport": {"width": 1280, "height": 800}},
    "elderly": {"viewport": {"width": 360, "height": 740}},
    "print": {"viewport": {"width": 794, "height": 1123}},
}


@dataclass(frozen=True)
class Shot:
    """One page as one account sees it; ``login`` empty: a visitor."""

    name: str
    path: str
    login: str = ""
    status: int = 200


def shots(restaurant: str, company: str, draft: str) -> list[Shot]:
    """Every page there is."""
    return [
        Shot("home", "/"),
        Shot("home-en", "/en/"),
        Shot("home-mine", "/", "heji"),
        Shot("sign-in", "/sign-in"),
        Shot("items", "/items"),
        Shot("items-found", "/items?q=饭店"),
        Shot("items-none", "/items?q=火星移民"),
        Shot("item", "/items/food-licence"),
        Shot("item-en", "/en/items/food-licence"),
        Shot("package", "/packages/new-company"),
        Shot("package-restaurant", "/packages/open-restaurant"),
        Shot("apply", "/apply/open-restaurant", "heji"),
        Shot("apply-step", f"/apply/{draft}/1", "heji"),
        Shot("apply-materials", f"/apply/{draft}/materials", "heji"),
        Shot("apply-check", f"/apply/{draft}/check", "heji"),
        Shot("cases", "/cases", "shenjiahe"),
        Shot("case", f"/cases/{restaurant}", "heji"),
        Shot("case-company", f"/cases/{company}", "shenjiahe"),
        Shot("case-en", f"/en/cases/{restaurant}", "heji"),
        Shot("withdraw", f"/cases/{restaurant}/withdraw", "heji"),
        Shot("track", "/track"),
        Shot("space", "/space", "shenjiahe"),
        Shot("messages", "/space/messages", "shenjiahe"),
        Shot("preferences", "/space/preferences", "shenjiahe"),
        Shot("work", "/work", "luming"),
        Shot("work-opinions", "/work/opinions", "luming"),
        Shot("work-absence", "/work/absence", "luming"),
        Shot("calendar", "/edit/calendar/2026", "editor"),
        Shot("accept", "/work/accept", "qianxiaowen"),
        Shot("head", "/head", "xukeqin"),
        Shot("lead", "/lead", "leader"),
        Shot("lead-cases", "/lead/cases?show=open", "leader"),
        Shot("lead-case", f"/lead/cases/{restaurant}", "leader"),
        Shot("watch", "/watch", "zhou-sup"),
        Shot("outbox", "/outbox", "admin"),
        Shot("design", "/design"),
        Shot("design-print", "/design?look=print"),
        Shot("not-found", "/items/nothing-like-it", status=404),
        Shot("not-allowed", "/work", "shenjiahe", status=403),
    ]


def main() -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder, Platform(Path(folder)) as platform, chromium() as browser:
        restaurant, company = fill_the_city(platform.urls)
        Client(platform.urls, "heji").file("outdoor-advertising")
        pages = shots(restaurant, company, _begin_draft(Client(platform.urls, "heji")))
        todo = [(shot, size) for size in SIZES for shot in pages]
        opened = Opened(browser, platform.url)
        for shot, size in track(todo, "taking pictures"):
            wrong += [
                f"{shot.name} {size}: {why}" for why in _take(opened.page(shot.login, size), shot, size)
            ]
    _write_index([s.name for s in pages])
    print(f"{len(todo)} pictures: {OUT / 'index.html'}")
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


def _begin_draft(firm: Client) -> str:
    """A restaurant half-way filled in, with one of its files."""
    command = {"procedure": "open-restaurant", "prefill": True}
    draft = firm.post("intake", "/drafts", command)
    path = f"/drafts/{draft['draft_id']}"
    firm.save_draft(draft, sample_form("open-restaurant"))
    firm.upload(f"{path}/materials/m12", "平面布局图.pdf")
    return str(draft["draft_id"])


class Opened:
    """One signed-in page for each account and size."""

    def __init__(self, browser: Browser, url: str):
        self._browser, self._url = browser, url
        self._pages: dict[tuple[str, str], Page] = {}

    def page(self, login: str, size: str) -> Page:
        if (login, size) not in self._pages:
            page = open_page(self._browser, self._url, login, **SIZES[size])
            if size == "elderly":
                page.context.add_cookies([{"name": "onewindow_view", "value": "elder", "url": self._url}])
            if size == "print":
                page.emulate_media(media="print")
            self._pages[login, size] = page
        return self._pages[login, size]


def _take(page: Page, shot: Shot, size: str) -> Iterator[str]:
    answer = page.goto(shot.path)
    if answer is None or answer.status != shot.status:
        yield f"answers {answer and answer.status} instead of {shot.status}"
    if page.locator("[data-badge]").count() and size != "print":
        page.wait_for_selector(".live-badge.is-live")
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if over > 0 and size != "print":
        yield f"scrolls sideways by {over} px"
    page.screenshot(path=OUT / f"{shot.name}-{size}.png", full_page=True)


def _write_index(names: list[str]) -> None:
    cells = "".join(
        f"<h2>{html.escape(name)}</h2><p>"
        + "".join(
            f'<a href="{name}-{size}.png"><img src="{name}-{size}.png" height="480"></a> ' for size in SIZES
        )
        for name in names
    )
    (OUT / "index.html").write_text(f"<!doctype html><meta charset=utf-8><title>Pages</title>{cells}")


if __name__ == "__main__":
    sys.exit(main())
