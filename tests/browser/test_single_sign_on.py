"""One sign-in for the portal and a department's own system, in a real browser before the whole platform, and
through the sandbox's province."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from demo.platform import Platform, free_port
from demo.site.app import create_app
from tests.browser.conftest import PHONE
from tests.browser.test_security import within_reach

Open = Callable[..., Page]
PATIENCE_MS = 10_000


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Platform(tmp_path_factory.mktemp("sso") / "run", province=True) as running:
        yield running


@pytest.fixture(scope="module")
def fire_site(platform: Platform) -> Iterator[str]:
    """The department's system, registered by the operator's command while the platform runs."""
    port = free_port()
    url = f"http://localhost:{port}"
    command = [sys.executable, "-m", "services.identity", "client", "add", "fire-site", "消防安全检查预约"]
    command += ["--redirect", f"{url}/callback", "--post-logout", f"{url}/"]
    command += ["--backchannel", f"{url}/signed-out"]
    environment = {
        "ONEWINDOW_DATABASE_URL": f"sqlite:///{platform.folder}/{{service}}.sqlite",
        "ONEWINDOW_MASTER_KEY_FILE": str(platform.folder / "master.key"),
    }
    assert len(base64.b64decode((platform.folder / "master.key").read_bytes())) == 32
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    secret = re.findall(r"fire-site: (\S+)", done.stdout)[0]
    app = create_app(f"{platform.url}/api/identity", "fire-site", secret)
    server = make_server("127.0.0.1", port, app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


def test_signed_in_at_the_portal_is_signed_in_at_the_departments_system(
    platform: Platform, fire_site: str, visit: Open, tmp_path: Path
) -> None:
    page = visit(platform.url, "shenjiahe")
    page.goto(fire_site)
    page.click("#sign-in")
    page.wait_for_url("**/sign-in/consent**")
    expect(page.locator("h1")).to_contain_text("消防安全检查预约")
    assert page.locator("input[type=password]").count() == 0
    page.click("button[value=yes]")
    expect(page.locator("#who")).to_contain_text("沈佳禾", timeout=PATIENCE_MS)

    page.goto(f"{platform.url}/sign-out")
    page.click("main button.primary")
    page.wait_for_url(f"{platform.url}/")
    deadline = time.monotonic() + PATIENCE_MS / 1000
    page.goto(fire_site)
    while not page.locator("#nobody").count() and time.monotonic() < deadline:
        page.goto(fire_site)
    expect(page.locator("#nobody")).to_be_visible()


def test_the_first_sign_in_may_begin_at_the_departments_system_and_end_there_without_script(
    platform: Platform, fire_site: str, visit: Open
) -> None:
    page = visit(platform.url, java_script_enabled=False)
    page.goto(fire_site)
    page.click("#sign-in")
    page.fill("#login", "heji")
    page.fill("#password", "demo")
    page.click("main button.primary")
    page.wait_for_url("**/sign-in/consent**", timeout=PATIENCE_MS)
    page.click("button[value=no]")
    expect(page.locator("#nobody")).to_contain_text("access_denied", timeout=PATIENCE_MS)
    page.click("#sign-in")
    page.click("button[value=yes]")
    expect(page.locator("#who")).to_contain_text("禾记", timeout=PATIENCE_MS)
    page.goto(f"{platform.url}/space")
    assert "/sign-in" not in page.url
    page.goto(fire_site)
    page.click("button")
    page.wait_for_url(f"{fire_site}/**")
    expect(page.locator("#nobody")).to_be_visible()
    page.goto(f"{platform.url}/sign-in")
    expect(page.locator("#password")).to_be_visible()


def through_the_province(page: Page, login: str) -> None:
    page.click("text=用省统一身份认证登录")
    page.fill("#login", login)
    page.fill("#password", "demo")
    page.click("#go")


def test_a_departments_system_opens_by_the_provinces_account_without_a_password(
    platform: Platform, fire_site: str, visit: Open
) -> None:
    page = visit(platform.url, viewport=PHONE, java_script_enabled=False)
    page.goto(fire_site)
    page.click("#sign-in")
    through_the_province(page, "qianyun")
    page.wait_for_url("**/sign-in/consent**", timeout=PATIENCE_MS)
    page.click("button[value=yes]")
    expect(page.locator("#who")).to_contain_text("钱芸", timeout=PATIENCE_MS)
    page.goto(f"{platform.url}/space")
    expect(page.locator("body")).to_contain_text("钱芸")


def test_signed_in_by_the_province_is_signed_in_everywhere_and_out_again(
    platform: Platform, fire_site: str, visit: Open
) -> None:
    page = visit(platform.url, viewport=PHONE, reduced_motion="reduce")
    page.goto("/space")
    within_reach(page)
    through_the_province(page, "liyuantu")
    page.wait_for_url(f"{platform.url}/space", timeout=PATIENCE_MS)
    expect(page.locator("body")).to_contain_text("李远途")
    page.goto("/me/security")
    expect(page.locator("#links + ul")).to_contain_text("省统一身份认证")
    within_reach(page)
    page.goto(fire_site)
    page.click("#sign-in")
    page.click("button[value=yes]")
    expect(page.locator("#who")).to_contain_text("李远途", timeout=PATIENCE_MS)
    page.goto(f"{platform.url}/sign-out")
    page.click("main button.primary")
    expect(page.locator("body")).to_contain_text("您在省统一身份认证那边可能还登录着")


def test_a_claimed_number_is_linked_by_signing_in_once(platform: Platform, visit: Open) -> None:
    page = visit(platform.url, viewport=PHONE, reduced_motion="reduce")
    page.goto("/sign-in?next=/me/security")
    through_the_province(page, "zhouxiaoman")
    expect(page.locator("h1")).to_contain_text("先登录一次原来的账号", timeout=PATIENCE_MS)
    within_reach(page)
    page.click("text=登录原来的账号 >> nth=-1")
    page.fill("#login", "zhouxiaoman")
    page.fill("#password", "demo")
    page.click("main button.primary")
    page.wait_for_url("**/me/security", timeout=PATIENCE_MS)
    expect(page.locator("body")).to_contain_text("已关联")
    expect(page.locator("#links + ul")).to_contain_text("省统一身份认证")
