"""Applying with files in a real browser, over the whole platform: phone and desk, bad files, two tabs,
a session that ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Page, expect

from demo.client import Client, sample_form, small_pdf
from demo.platform import Platform
from services.intake.scanning import EICAR
from tests.browser.conftest import DESK, PHONE, Open
from tests.browser.test_pages import RULES
from tests.browser.test_platform import PDF, agree, fill_in, upload_all
from tests.unit.intake.paper_shop import small_png


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Platform(tmp_path_factory.mktemp("papers")) as running:
        yield running


def file(name: str, content: bytes, kind: str = "application/pdf") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": content}


def begin(page: Page, code: str = "open-restaurant") -> None:
    """A fresh draft, on its first page."""
    page.goto(f"/apply/{code}")
    if page.locator("text=删掉草稿").count():
        page.click("text=删掉草稿")
        page.goto(f"/apply/{code}")
    page.click("main button.primary")
    page.wait_for_url("**/apply/*/1")


def to_materials(page: Page, code: str = "open-restaurant") -> None:
    begin(page, code)
    for _ in range(15):
        if page.url.endswith("/materials"):
            return
        fill_in(page, sample_form(code))
        page.click("main .go button.primary")
        page.wait_for_url("**/apply/*/*")
    raise AssertionError(page.url)


def at_materials(platform: Platform, page: Page, code: str = "open-restaurant") -> None:
    """The same for a test of what comes then: the pages before are answered beside the browser."""
    begin(page, code)
    number = page.url.split("/")[-2]
    heji = Client(platform.urls, "heji")
    heji.save_draft(heji.get("intake", f"/drafts/{number}"), sample_form(code))
    page.goto(f"/apply/{number}/materials")


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{v['id']}: {n['html'][:160]}" for v in found for n in v["nodes"]]


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_a_restaurant_is_filed_with_its_files(
    platform: Platform, visit: Open, viewport: dict[str, int]
) -> None:
    options: dict[str, Any] = {"has_touch": True, "is_mobile": True} if viewport is PHONE else {}
    page = visit(platform.url, "heji", viewport=viewport, **options)
    to_materials(page)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if viewport is PHONE:
        slot = page.locator(".slot", has=page.locator("h2", has_text="平面布局图"))
        slot.locator("input[capture]").set_input_files(file("照片.png", small_png(), "image/png"))
        expect(slot).to_contain_text("照片.png")
    upload_all(page)
    expect(page.locator("main .lead")).to_have_text("该传的都齐了。")
    assert violations(page) == []
    page.click("main .go a.primary")
    agree(page)
    page.check("#declared")
    page.click("main .go button.primary")
    page.wait_for_url("**/cases/*/done")
    page.click("text=看办理进度")
    expect(page.locator(".rail")).to_contain_text("图.pdf")
    with page.expect_download() as download:
        page.click(".rail .slot-file a >> nth=-1")
    assert download.value.path().read_bytes() == small_pdf()


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (file("合同.pdf", b"MZ\x90\0" + b"\0" * 300), "里面却不是这种文件"),
        (file("合同.pdf", small_pdf() + EICAR), "带有病毒"),
        (file("合同.pdf", b""), "这个文件是空的"),
        (file("合同.exe", b"MZ", "application/x-msdownload"), "这里不收这种文件"),
        (file("合同.pdf", b"%PDF-1.4" + b" " * (11 * 1024 * 1024)), "10 MB"),
    ],
    ids=["exe named pdf", "eicar", "empty", "exe", "too large"],
)
def test_a_bad_file_is_told_beside_its_slot_and_nothing_is_lost(
    platform: Platform, visit: Open, bad: FilePayload, said: str
) -> None:
    page = visit(platform.url, "heji")
    at_materials(platform, page)
    page.set_input_files(".slot.tone-wait input[name=file] >> nth=0", bad)
    expect(page.locator("#errors")).to_contain_text(said)
    expect(page.locator(".slot.has-wrong .wrong")).to_contain_text(said)
    upload_all(page)
    expect(page.locator("#errors")).to_have_count(0)


def test_files_go_up_without_script(platform: Platform, visit: Open) -> None:
    page = visit(platform.url, "heji", viewport=PHONE)
    at_materials(platform, page)
    plain = visit(platform.url, "heji", viewport=PHONE, java_script_enabled=False)
    plain.goto(page.url)
    slot = plain.locator(".slot", has=plain.locator("h2", has_text="效果图"))
    slot.locator("input[name=file]").set_input_files(PDF)
    slot.locator("button", has_text="上传").first.click()
    expect(slot).to_contain_text("图.pdf")


def test_two_tabs_lose_nothing(platform: Platform, visit: Open) -> None:
    page = visit(platform.url, "heji")
    begin(page)
    other = page.context.new_page()
    other.goto(page.url)
    other.fill("#shop_name", "那边的店名")
    other.click("text=先存着")
    other.wait_for_url("**/space")
    page.fill("#shop_name", "这边的店名")
    page.click("main .go button.primary")
    expect(page.locator("#errors")).to_contain_text("另一处刚才填的是“那边的店名”")
    expect(page.locator("#shop_name")).to_have_value("这边的店名")
    assert violations(page) == []
    page.click("text=先存着")
    other.goto(page.url.replace("/space", "/apply/open-restaurant"))
    other.click("main button.primary")
    expect(other.locator("#shop_name")).to_have_value("这边的店名")


def test_a_session_that_ends_while_typing_loses_nothing(platform: Platform, visit: Open) -> None:
    page = visit(platform.url, "heji")
    begin(page)
    page.fill("#shop_name", "断线前的店名")
    revoke(platform, "heji")
    page.click("main .go button.primary")
    page.wait_for_url("**/sign-in**")
    page.fill("#login", "heji")
    page.fill("#password", "demo")
    page.click("main button.primary")
    page.wait_for_url("**/apply/*/1")
    expect(page.locator("#shop_name")).to_have_value("断线前的店名")
    expect(page.locator("main")).to_contain_text("登录断开前您刚填的都还在")


def revoke(platform: Platform, login: str) -> None:
    """End all sessions, and wait until intake has heard so."""
    ended = Client(platform.urls, login).sign_in()
    Client(platform.urls, login).post("identity", "/tokens/revoke")
    deadline = time.monotonic() + 20
    headers = {"Authorization": f"Bearer {ended.token}"}
    while requests.get(f"{platform.url}/api/intake/drafts", headers=headers, timeout=10).status_code != 401:
        assert time.monotonic() < deadline, "the token is still taken"


def test_known_answers_stand_there_with_their_origin(platform: Platform, visit: Open) -> None:
    page = visit(platform.url, "heji", viewport=PHONE)
    begin(page)
    known = page.locator(".known", has_text="统一社会信用代码")
    expect(known).to_contain_text("91329982MA9A00045Y")
    expect(known).to_contain_text("已为您填好（来自营业执照）")
    assert violations(page) == []
    known.locator("summary").click()
    page.fill("#credit_code", "91329982MA9A000299")
    page.click("text=先存着")
    page.goto("/apply/open-restaurant")
    expect(page.locator("main")).to_contain_text("在手机上接着填")
    page.click("main button.primary")
    expect(page.locator("#credit_code")).to_have_value("91329982MA9A000299")


def test_a_slot_is_put_right_beside_its_reason(platform: Platform, visit: Open) -> None:
    firm = Client(platform.urls, "heji")
    number = firm.file("open-restaurant")["application_no"]
    officer = Client(platform.urls, "officer-cg")
    page = visit(platform.url, "heji", viewport=PHONE)
    page.goto(f"/cases/{number}")
    expect(page.locator(".lane", has_text="户外招牌")).to_contain_text("等经办人")
    branch = next(b for b in officer.get("approval", "/inbox")["items"] if b["application_no"] == number)
    path = f"/branches/{branch['branch_no']}"
    officer.post("approval", f"{path}/claim")
    reasons = [{"field": "m13", "reason": "没有标尺寸"}, {"field": "sign_width_cm", "reason": "宽度不一致"}]
    officer.post("approval", f"{path}/answer", {"answer": "ask_correction", "requests": reasons})
    page.click("text=去补正")
    assert violations(page) == []
    page.click("text=提交补正")
    expect(page.locator("#errors")).to_contain_text("请重新上传效果图")
    page.set_input_files("#material-m13", file("新效果图.pdf", small_pdf().replace(b"595", b"600")))
    page.fill("#sign_width_cm", "420")
    page.click("text=提交补正")
    expect(page.locator("main")).to_contain_text("已收到您的补正")
    expect(page.locator(".rail")).to_contain_text("新效果图.pdf")
    dossier = officer.get("intake", f"/dossiers/{branch['branch_no']}")
    assert dossier["changed"] == ["m13", "sign_width_cm"]
