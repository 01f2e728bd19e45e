"""The space: certificates, who read my data, and consent before filing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.portal.conftest import Browser, form_token
from tests.unit.portal.fake_follow import FollowCity
from tests.unit.portal.fake_space import held, kept_file, read
from tests.unit.portal.forms import COMPANY, RESTAURANT
from tests.unit.portal.test_apply import fill_in

Visit = Callable[..., Browser]
PDF = b"%PDF-1.4 a small file"


@pytest.fixture
def mine(city: FollowCity) -> FollowCity:
    soon = (datetime.now(UTC) + timedelta(days=25)).date().isoformat()
    city.certificates["acc-shen"] = [
        held("m09", title={"zh": "健康证明", "en": "Health certificate"}, valid_until=soon),
        held(),
        held("m22", title={"zh": "驾驶证", "en": "Driving licence"}, state="expired"),
        held("m26", title={"zh": "排水许可证", "en": "Drainage permit"}, state="revoked"),
        held("m27", title={"zh": "户外广告许可", "en": "Advertising"}, state="superseded"),
    ]
    city.read["acc-shen"] = [read(application_no=f"SJ{n}") for n in range(25)]
    return city


def test_the_space_shows_certificates_and_who_read_what(mine: FollowCity, visit: Visit) -> None:
    page = visit("shenjiahe").get("/space").text
    assert page.index("健康证明") < page.index("居民身份证")
    for words in ("还有 2", "天到期", "3299**********3021", "市场监管局", "当天 2 次", "用途：审批"):
        assert words in page
    assert "/space/certificates" in page and "/space/readings" in page


def test_all_certificates_say_how_they_stand(mine: FollowCity, visit: Visit) -> None:
    page = visit("shenjiahe").get("/space/certificates").text
    for words in ("有效", "已过期", "已注销或撤销", "已被新证替代", "没有期限"):
        assert words in page
    english = visit("shenjiahe").get("/en/space/certificates").text
    assert "Identity card" in english and "Replaced by a newer one" in english
    assert "证照库里还没有您的证照" in visit("heji").get("/space/certificates").text


@pytest.mark.parametrize("login", ["shenjiahe", "heji"])
def test_the_space_leads_to_sign_in_and_security(mine: FollowCity, visit: Visit, login: str) -> None:
    assert 'href="/me/security"' in visit(login).get("/space").text


def test_readings_come_page_by_page(mine: FollowCity, visit: Visit) -> None:
    browser = visit("shenjiahe")
    page = browser.get("/space/readings").text
    assert page.count('class="reading"') == 20 and "cursor=20" in page
    assert browser.get("/space/readings?cursor=20").text.count('class="reading"') == 5
    assert "还没有人看过您的资料" in visit("heji").get("/space/readings").text


@pytest.mark.parametrize("path", ["/space/certificates", "/space/readings"])
def test_they_are_for_people_and_firms_who_are_signed_in(visit: Visit, path: str) -> None:
    browser = visit()
    browser.get(path)
    assert browser.address == "/sign-in/account"
    assert visit("luming").get(path).status_code == 403


def test_cases_are_shown_while_identity_is_away(mine: FollowCity, visit: Visit) -> None:
    browser = visit("shenjiahe")
    mine.down.add("identity")
    page = browser.get("/space")
    assert page.status_code == 200
    assert "证照和查看记录暂时打不开" in page.text


def at_the_check(browser: Browser) -> str:
    check = fill_in(browser, "new-company", COMPANY)
    browser.get(check)
    return check.split("/")[2]


def test_with_consent_the_certificate_stands_for_the_material(mine: FollowCity, visit: Visit) -> None:
    browser = visit("shenjiahe")
    draft_id = at_the_check(browser)
    assert browser.page is not None
    page = browser.page.text
    assert 'id="certificate-m01"' in page and "同意使用我的居民身份证" in page
    assert 'value="m01" id="certificate-m01" checked' not in page, "nobody agrees by not looking"
    browser.post(f"/apply/{draft_id}/check", offered="m01", certificate="m01", declared="yes")
    assert browser.address.endswith("/done")
    assert mine.consents[draft_id] == {"m01": True}


def test_without_consent_the_material_is_asked_for(mine: FollowCity, visit: Visit) -> None:
    browser = visit("shenjiahe")
    draft_id = at_the_check(browser)
    page = browser.post(f"/apply/{draft_id}/check", offered="m01", declared="yes")
    assert page.status_code == 422
    assert "请勾选同意使用居民身份证，或上传一份" in page.text
    materials = browser.get(f"/apply/{draft_id}/materials").text
    assert 'id="material-m01"' in materials and "不用市里的证照，请上传" in materials
    browser.upload(f"/apply/{draft_id}/materials/m01", PDF)
    browser.get(f"/apply/{draft_id}/check")
    browser.post(f"/apply/{draft_id}/check", declared="yes")
    assert browser.address.endswith("/done")


def test_one_run_out_is_to_be_renewed_not_uploaded(city: FollowCity, visit: Visit) -> None:
    city.certificates["acc-shen"] = [held(state="expired")]
    browser = visit("shenjiahe")
    at_the_check(browser)
    assert browser.page is not None
    page = browser.page.text
    assert "过期的请先办延续，不用上传" in page and 'id="certificate-m01"' not in page


def test_while_the_library_is_away_nothing_is_read_and_nothing_asked_for(
    mine: FollowCity, visit: Visit
) -> None:
    mine.library = False
    browser = visit("shenjiahe")
    draft_id = at_the_check(browser)
    assert browser.page is not None
    assert "证照库暂时连不上" in browser.page.text
    browser.post(f"/apply/{draft_id}/check", declared="yes")
    assert browser.address.endswith("/done")


def test_a_material_is_kept_opened_and_let_go(city: FollowCity, visit: Visit) -> None:
    browser = visit("heji")
    page = browser.get("/space/materials").text
    assert "还没有存过资料" in page and ">租赁合同</option>" in page and "居民身份证" not in page
    form = {"kind": "m10"}
    assert browser.page is not None
    form["csrf"] = form_token(browser.page.text)
    browser.send("/space/materials", form, "file", "合同.pdf", PDF)
    assert browser.address == "/space/materials"
    assert "已存到我的资料" in browser.page.text and "合同.pdf" in browser.page.text
    assert browser.get("/space/materials/kept-1").data == b"%PDF kept"
    browser.get("/space/materials")
    browser.post("/space/materials/kept-1/drop")
    assert "合同.pdf" not in browser.get("/space/materials").text


def test_what_is_missing_or_wrong_is_said_beside_its_field(city: FollowCity, visit: Visit) -> None:
    browser = visit("heji")
    browser.get("/space/materials")
    page = browser.post("/space/materials")
    assert page.status_code == 422
    assert "请选择是哪一种材料" in page.text and "请选择一个文件" in page.text
    form = {"kind": "m10", "csrf": form_token(page.text)}
    page = browser.send("/space/materials", form, "file", "合同.pdf", b"MZ")
    assert (page.status_code, "里面却不是这种文件" in page.text) == (422, True)
    assert 'value="m10" selected' in page.text


def test_a_kept_file_fills_a_slot_and_a_slots_file_is_kept(city: FollowCity, visit: Visit) -> None:
    city.kept["acc-heji"] = [kept_file("m12", "kept-1", "平面图.pdf", 9)]
    browser = visit("heji")
    check = fill_in(browser, "open-restaurant", RESTAURANT)
    materials = check.replace("check", "materials")
    assert "用我的资料：平面图.pdf" in browser.get(materials).text
    page = browser.post(f"{materials}/m12", act="use:kept-1").text
    assert "平面图.pdf" in page and "keep:used-kept-1" in page
    browser.post(f"{materials}/m12", act="keep:used-kept-1")
    assert len(city.kept["acc-heji"]) == 2
