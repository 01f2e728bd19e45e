"""Materials, known answers, two pages at once, sessions that end: nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from demo.client import sample_form
from services.portal.papers import size_of
from services.portal.web.papers import LARGER
from tests.unit.portal.conftest import Browser, form_token
from tests.unit.portal.fake_city import FakeCity
from tests.unit.portal.fake_papers import EICAR, LIMIT
from tests.unit.portal.forms import COMPANY, RESTAURANT, typed
from tests.unit.portal.test_apply import PDF, fill_in, upload_all

Visit = Callable[..., Browser]


def to_materials(browser: Browser) -> str:
    """Answer every page up to the materials; returns their address."""
    browser.post("/apply/open-restaurant")
    data = {k.replace(".", "__"): v for k, v in typed(RESTAURANT).items()}
    for _ in range(15):
        if browser.address.endswith("/materials"):
            return browser.address
        browser.post(browser.address, **data)
    raise AssertionError(f"stuck at {browser.address}")


def text(browser: Browser) -> str:
    assert browser.page is not None
    return browser.page.text


def test_each_material_has_one_slot_and_what_the_city_holds_is_not_asked_for(visit: Visit) -> None:
    browser = visit("heji")
    to_materials(browser)
    page = text(browser)
    assert page.count('class="slot tone-wait') == 2 and "还要上传 2 样" in page
    assert "市里已有，您不用交" in page and "不上传，就按市里的示范文本办理。" in page
    assert 'accept="image/*" capture="environment"' in page


def test_a_file_is_put_in_replaced_and_taken_out(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    path = to_materials(browser)
    page = browser.upload(f"{path}/m12", PDF, "平面图.pdf").text
    assert browser.address == path and "平面图.pdf" in page and "还要上传 1 样" in page
    page = browser.upload(f"{path}/m12", PDF + b" ", "新图.pdf", part="photo").text
    assert "新图.pdf" in page and "以前传过 1 份" in page
    file = re.findall(r'href="(/files/[\w-]+)"', page)[0]
    answer = browser.client.get(file)
    assert answer.data == PDF + b" " and answer.headers["Content-Disposition"].startswith("attachment")
    page = browser.post(f"{path}/m12", act="remove").text
    assert "还要上传 2 样" in page


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"MZ\x90\0", "合同.pdf", "里面却不是这种文件"),
        (PDF + EICAR, "合同.pdf", "带有病毒"),
        (b"%PDF" + b" " * LIMIT, "合同.pdf", "最大 10 MB"),
        (b"", "", "请选择一个文件"),
    ],
)
def test_a_bad_file_is_told_at_its_slot_and_nothing_is_lost(
    visit: Visit, city: FakeCity, content: bytes, name: str, said: str
) -> None:
    browser = visit("heji")
    path = to_materials(browser)
    browser.upload(f"{path}/m13", PDF)
    page = browser.upload(f"{path}/m12", content, name)
    assert page.status_code == 422
    assert said in page.text and 'href="#material-m12"' in page.text and "material-m12-wrong" in page.text
    (draft,) = city.drafts.values()
    assert draft["answers"]["shop_name"] == RESTAURANT["shop_name"]
    assert city.slots[draft["draft_id"]].keys() == {"m13"}


def test_more_than_a_page_takes_is_refused_without_reading_it(visit: Visit) -> None:
    browser = visit("heji")
    path = to_materials(browser)
    page = browser.client.post(
        f"{path}/m12",
        data=b"",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(LARGER["papers.put"] + 1)},
    )
    assert page.status_code == 413 and "这次的文件没有上传" in page.text and path in page.text


def test_everything_missing_is_told_at_once_at_the_end(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    path = to_materials(browser)
    (draft,) = city.drafts.values()
    del draft["answers"]["shop_address"]
    check = path.replace("materials", "check")
    browser.get(check)
    page = browser.post(check)
    assert page.status_code == 422
    assert "请填写经营地址" in page.text and "请确认您填写的内容真实" in page.text
    assert "请上传平面布局图" in page.text and "请上传效果图" in page.text
    assert f'href="{path}#material-m12"' in page.text
    assert not city.cases


def test_what_intake_misses_leads_to_the_slot(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    check = fill_in(browser, "open-restaurant", RESTAURANT)
    city.errors = [{"field": "materials.m12", "zh": "请上传平面布局图", "en": "Please upload: Floor plan"}]
    page = browser.post(check, declared="yes")
    assert page.status_code == 422 and '#material-m12"' in page.text


def test_a_filed_draft_takes_no_more_files(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    check = fill_in(browser, "open-restaurant", RESTAURANT)
    browser.post(check, declared="yes")
    (case,) = city.cases.values()
    done = f"/cases/{case['application_no']}/done"
    materials = check.replace("check", "materials")
    assert browser.get(materials).request.path == done
    browser.upload(f"{materials}/m12", PDF)
    assert browser.address == done


def test_the_case_page_lists_the_materials(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    browser.post(fill_in(browser, "open-restaurant", RESTAURANT), declared="yes")
    (case,) = city.cases.values()
    page = browser.get(f"/cases/{case['application_no']}").text
    assert "平面布局图" in page and "图.pdf" in page and "已上传" in page


def test_a_procedure_without_uploads_goes_straight_to_the_check(visit: Visit) -> None:
    browser = visit("heji")
    browser.post("/apply/street-canopy")
    data = {k.replace(".", "__"): v for k, v in typed(sample_form("street-canopy")).items()}
    seen_pages = []
    for _ in range(6):
        seen_pages.append(browser.address)
        if browser.address.endswith("/check"):
            break
        browser.post(browser.address, **data)
    assert browser.address.endswith("/check")
    assert not any(page.endswith("/materials") for page in seen_pages)


# known answers


def test_known_answers_are_shown_with_their_origin_and_can_be_changed(visit: Visit, city: FakeCity) -> None:
    city.known = {"operator_name": "沈佳禾", "operator_mobile": "10012345678"}
    browser = visit("heji")
    assert "用市里已有的数据帮我填好" in browser.get("/apply/open-restaurant").text
    page = browser.post("/apply/open-restaurant", prefill="yes").text
    assert page.count("已为您填好（来自您的实名信息）") == 2
    data = {k: v for k, v in typed(RESTAURANT).items()}
    browser.post(browser.address, **data | {"operator_name": "顾晓梅"})
    (draft,) = city.drafts.values()
    assert draft["answers"]["operator_name"] == "顾晓梅" and draft["origins"].keys() == {"operator_mobile"}


def test_nothing_is_filled_in_without_being_asked_for(visit: Visit, city: FakeCity) -> None:
    city.known = {"operator_name": "沈佳禾"}
    page = visit("heji").post("/apply/open-restaurant").text
    assert "已为您填好" not in page and "沈佳禾" not in page


# two pages, two devices, no session


def seen(page: str) -> str:
    return re.findall(r'name="seen" value="(\d+)"', page)[0]


def test_two_pages_that_answer_different_questions_are_both_kept(visit: Visit, city: FakeCity) -> None:
    here, there = visit("heji"), visit("heji")
    page = here.post("/apply/open-restaurant").text
    path = here.address
    there.get(path)
    there.post(path, shop_name="禾记", seen=seen(page), act="later")
    here.post(path, shop_name="禾记", shop_address="学府路 21 号", seen=seen(page), act="later")
    (draft,) = city.drafts.values()
    assert draft["answers"] == {"shop_name": "禾记", "shop_address": "学府路 21 号"}


def test_two_pages_that_answer_the_same_question_differently_are_shown_to_each_other(
    visit: Visit, city: FakeCity
) -> None:
    here, there = visit("heji"), visit("heji")
    page = here.post("/apply/open-restaurant").text
    path = here.address
    there.get(path)
    there.post(path, shop_name="那边的店名", seen=seen(page), act="later")
    answer = here.post(path, shop_name="这边的店名", seen=seen(page))
    assert answer.status_code == 409
    assert "另一处刚才填的是“那边的店名”" in answer.text and 'value="这边的店名"' in answer.text
    (draft,) = city.drafts.values()
    assert draft["answers"]["shop_name"] == "那边的店名"
    here.post(path, shop_name="这边的店名", seen=seen(answer.text), act="later")
    assert draft["answers"]["shop_name"] == "这边的店名"


def test_what_changed_elsewhere_is_looked_at_again_before_it_is_filed(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    check = fill_in(browser, "open-restaurant", RESTAURANT)
    old = seen(text(browser))
    (draft,) = city.drafts.values()
    draft["revision"] += 1
    draft["answers"]["shop_name"] = "禾记二店"
    page = browser.post(check, declared="yes", seen=old)
    assert browser.address == check and "内容刚才在别处改过" in page.text and "禾记二店" in page.text
    assert not city.cases


def test_what_was_typed_when_the_session_ended_is_there_after_signing_in(
    visit: Visit, city: FakeCity
) -> None:
    browser = visit("heji")
    browser.post("/apply/open-restaurant")
    path = browser.address
    city.signed_out = True
    browser.post(path, shop_name="禾记河虾面馆", shop_address="学府路 21 号")
    assert browser.address == "/sign-in/account" and "您填过的内容都还在" in text(browser)
    city.signed_out = False
    page = browser.sign_in("heji").text
    assert browser.address == path
    assert 'value="禾记河虾面馆"' in page and "登录断开前您刚填的都还在" in page
    browser.post(path, shop_name="禾记河虾面馆", act="later")
    assert "登录断开前" not in browser.get(path).text
    (draft,) = city.drafts.values()
    assert draft["answers"]["shop_name"] == "禾记河虾面馆"


def test_what_somebody_typed_is_shown_to_no_other_account(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    browser.post("/apply/open-restaurant")
    path = browser.address
    city.signed_out = True
    browser.post(path, shop_name="禾记河虾面馆")
    city.signed_out = False
    page = browser.sign_in("shenjiahe")
    assert page.status_code == 404 and "禾记" not in page.text


def test_an_upload_after_the_session_ended_leads_back_to_the_materials(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    path = to_materials(browser)
    city.signed_out = True
    browser.upload(f"{path}/m12", PDF)
    assert browser.address == "/sign-in/account"
    city.signed_out = False
    browser.sign_in("heji")
    assert browser.address == path


def test_a_draft_goes_on_on_another_device_of_the_same_account(visit: Visit, app: Flask) -> None:
    browser = visit("heji")
    browser.post("/apply/open-restaurant")
    path = browser.address
    browser.post(path, shop_name="禾记", act="later")
    assert "在手机上接着填" in browser.get("/apply/open-restaurant").text
    token = app.extensions["portal"].draft_links.seal(path.split("/")[2])
    phone = visit()
    phone.get(f"/d/{token}")
    assert phone.address == "/sign-in/account"
    page = phone.sign_in("heji").text
    assert phone.address == path and 'value="禾记"' in page
    assert visit("shenjiahe").get(f"/d/{token}").status_code == 404
    assert visit("heji").get(f"/d/{token[:-2]}AA").status_code == 404


# putting right


def test_slots_and_fields_are_put_right_together(visit: Visit, city: FakeCity) -> None:
    case = city.file("open-restaurant", dict(RESTAURANT), "acc-heji")
    no = case["application_no"]
    sign = next(b["branch_no"] for b in case["branches"] if b["key"] == "shop-sign")
    city.ask(sign, {"m13": "效果图没有标尺寸", "sign_width_cm": "宽度与效果图不一致"})
    browser = visit("heji")
    page = browser.get(f"/cases/{no}/fix").text
    assert "一共 2 处" in page and "效果图没有标尺寸" in page and 'name="file.m13"' in page
    answer = browser.post(f"/cases/{no}/fix", sign_width_cm="420")
    assert answer.status_code == 422 and "请重新上传效果图" in answer.text
    answer = send(browser, no, {"sign_width_cm": ""}, "新效果图.pdf")
    assert (
        answer.status_code == 422 and "新效果图.pdf" in answer.text and 'href="#sign_width_cm"' in answer.text
    )
    browser.post(f"/cases/{no}/fix", sign_width_cm="420")
    assert browser.address == f"/cases/{no}"
    assert city.forms[no]["sign_width_cm"] == 420
    assert city.slots[no]["m13"]["file"]["file_name"] == "新效果图.pdf"


def test_a_bad_file_in_a_correction_is_told_beside_its_slot(visit: Visit, city: FakeCity) -> None:
    case = city.file("food-licence", dict(RESTAURANT), "acc-heji", desk=True)
    no = case["application_no"]
    reasons = [{"field": "m12", "reason": "图纸不清楚"}]
    case |= {"status": "returned", "returned": {"round": 1, "reasons": reasons}}
    browser = visit("heji")
    browser.get(f"/cases/{no}/fix")
    answer = send(browser, no, {}, "图.pdf", b"MZ", code="m12")
    assert answer.status_code == 422 and "里面却不是这种文件" in answer.text
    assert case["status"] == "returned"
    send(browser, no, {}, "图.pdf", code="m12")
    assert browser.address == f"/cases/{no}" and case["status"] == "awaiting_acceptance"


def send(
    browser: Browser, no: str, values: dict[str, str], name: str, content: bytes = PDF, code: str = "m13"
) -> Any:
    """The page of corrections with a file in it."""
    values = values | {"csrf": form_token(text(browser))}
    return browser.send(f"/cases/{no}/fix", values, f"file.{code}", name, content)


def test_the_desk_sends_a_material_back_with_its_reason(visit: Visit, city: FakeCity) -> None:
    case = city.file("food-licence", dict(RESTAURANT), "acc-heji", desk=True)
    path = f"/work/accept/{case['application_no']}"
    clerk = visit("qianxiaowen")
    page = clerk.get(path).text
    assert "材料：平面布局图" in page and "没有交" in page and "您不用交" not in page
    answer = clerk.post(path, act="return", field="m12")
    assert answer.status_code == 422 and "请写明哪里要改" in answer.text
    clerk.post(path, act="return", field="m12", reason__m12="图纸不清楚")
    assert case["returned"]["reasons"] == [{"field": "m12", "reason": "图纸不清楚"}]


def test_an_officer_sees_the_materials_of_the_branch(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    browser.post(fill_in(browser, "open-restaurant", RESTAURANT), declared="yes")
    (case,) = city.cases.values()
    officer = visit("luming")
    page = officer.get(f"/work/{case['application_no']}-01").text
    assert "平面布局图" in page and 'href="/files/' in page
    address = re.findall(r'href="(/files/[\w-]+\?view=1)"', page)[0]
    assert officer.client.get(address).data == PDF


def test_sizes_are_said_in_what_people_know() -> None:
    assert [size_of(n) for n in (10, 2048, 3 * 1024 * 1024 + 200_000)] == ["1 KB", "2 KB", "3.2 MB"]


def test_a_company_needs_no_upload_but_may_hand_in_a_lease(visit: Visit, city: FakeCity) -> None:
    browser = visit("shenjiahe")
    browser.post("/apply/new-company")
    data = {k.replace(".", "__"): v for k, v in typed(COMPANY).items()}
    for _ in range(15):
        if browser.address.endswith("/materials"):
            break
        browser.post(browser.address, **data)
    page = text(browser)
    assert "该传的都齐了。" in page and "需要时上传" in page and "住所为租赁的提供" in page
    upload_all(browser)
