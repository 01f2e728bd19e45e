"""The whole platform in a browser: apply, watch, let an officer answer, see the open page change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import FilePayload, Page, expect

from demo.client import Client, sample_form, small_pdf
from demo.platform import Platform
from tests.browser.conftest import PHONE, Open
from tests.unit.portal.forms import typed

PDF: FilePayload = {"name": "图.pdf", "mimeType": "application/pdf", "buffer": small_pdf()}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Platform(tmp_path_factory.mktemp("platform")) as running:
        yield running


def fill_in(page: Page, answers: dict[str, object]) -> None:
    """Answer what the page at hand asks, as a person would."""
    data = typed(answers)
    page.wait_for_selector("main form.sheet")
    page.eval_on_selector_all(".known details", "all => all.forEach(one => { one.open = true })")
    for box in page.locator("main form.sheet :is(input[type=text], input[type=tel], textarea)").all():
        box.fill(data.get(box.get_attribute("name") or "", ""))
    names = {box.get_attribute("name") or "" for box in page.locator(".card input").all()}
    for name in names:
        chosen = answers.get(name)
        for value in chosen if isinstance(chosen, list) else [data.get(name)]:
            if value is not None:
                page.check(f'.card input[name="{name}"][value="{value}"]')


def upload_all(page: Page) -> None:
    """Put a small PDF into each slot that needs one; choosing it sends it."""
    waiting = page.locator(".slot.tone-wait")
    while left := waiting.count():
        page.set_input_files(".slot.tone-wait input[name=file] >> nth=0", PDF)
        expect(waiting).to_have_count(left - 1)


def agree(page: Page) -> None:
    """Have the city's own certificates used."""
    for box in page.locator("input[name=certificate]").all():
        box.check()


def apply(page: Page, code: str, clicks: int = 1) -> str:
    """File the sample's form of this procedure; returns the case number."""
    answers = sample_form(code)
    page.goto(f"/packages/{code}")
    page.locator("text=开始办理 >> visible=true").click()
    page.click("main button.primary")
    for _ in range(15):
        page.wait_for_url("**/apply/*/*")
        if page.url.endswith("/check"):
            break
        if page.url.endswith("/materials"):
            upload_all(page)
            page.click("main .go a.primary")
        else:
            fill_in(page, answers)
            page.click("main .go button.primary")
    agree(page)
    page.check("#declared")
    page.click("main .go button.primary", click_count=clicks)
    page.wait_for_url("**/cases/*/done")
    return page.locator("#no").inner_text()


def test_an_applicant_sees_each_department_answer_on_the_open_page(platform: Platform, visit: Open) -> None:
    page = visit(platform.url, "heji", viewport=PHONE)
    number = apply(page, "open-restaurant")
    page.click("text=看办理进度")
    expect(page.locator("[data-badge]")).to_have_text("实时")
    expect(page.locator(".join")).to_contain_text("已答复 0/")
    page.evaluate("window.stayed = true")

    officer = visit(platform.url, "luming")
    officer.goto("/work")
    officer.locator("[data-queue] a", has_text=number).click()
    officer.click("text=认领这件")
    expect(page.locator(".lane", has_text="食品经营许可")).to_contain_text("正在办理")
    officer.check("input[name=answer][value=agree]")
    officer.fill("#opinion", "现场布局与图纸一致。")
    officer.click("button[value=answer]")
    expect(officer.locator("main")).to_contain_text("已答复，申请人的页面已经更新")

    expect(page.locator(".join")).to_contain_text("已答复 1/")
    expect(page.locator(".lane", has_text="食品经营许可")).to_contain_text("现场布局与图纸一致。")
    assert page.evaluate("window.stayed"), "the page was reloaded"


def test_a_correction_goes_to_the_applicant_and_back(platform: Platform, visit: Open) -> None:
    page = visit(platform.url, "heji")
    number = apply(page, "open-restaurant")
    page.goto(f"/cases/{number}")
    expect(page.locator(".lane", has_text="食品经营许可")).to_contain_text("等经办人")
    officer = Client(platform.urls, "luming")
    branch = next(b for b in officer.get("approval", "/inbox")["items"] if b["application_no"] == number)
    path = f"/branches/{branch['branch_no']}"
    officer.post("approval", f"{path}/claim")
    asked = {
        "answer": "ask_correction",
        "requests": [{"field": "shop_name", "reason": "与执照上的名称不一致"}],
    }
    officer.post("approval", f"{path}/answer", asked)
    page.click("text=去补正")
    page.fill("#shop_name", "禾记河虾面馆")
    page.click("text=提交补正")
    expect(page.locator("main")).to_contain_text("已收到您的补正")
    expect(page.locator(".lane", has_text="食品经营许可")).not_to_contain_text("等您补正")


def test_a_double_click_on_submit_makes_one_case(platform: Platform, visit: Open) -> None:
    page = visit(platform.url, "shenjiahe")
    before = len(Client(platform.urls, "shenjiahe").get("intake", "/applications")["items"])
    page.add_init_script("window.addEventListener('submit', e => e.stopImmediatePropagation(), true)")
    apply(page, "new-company", clicks=2)
    after = Client(platform.urls, "shenjiahe").get("intake", "/applications")["items"]
    assert len(after) == before + 1


def test_signing_out_everywhere_ends_the_open_page(platform: Platform, visit: Open) -> None:
    page = visit(platform.url, "heji")
    number = apply(page, "open-restaurant")
    page.goto(f"/cases/{number}")
    expect(page.locator("[data-badge]")).to_have_text("实时")
    Client(platform.urls, "heji").post("identity", "/tokens/revoke")
    page.wait_for_url("**/sign-in**")
    expect(page.locator("main")).to_contain_text("登录已经过期")
