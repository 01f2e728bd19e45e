"""Signing in through the province: who is linked to whom, on which proof, and how to end it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.identity import orm
from services.identity.domain import NO_PASSWORD
from tests.integration.identity_office import BASE, bearer, post, refused, sign_in
from tests.integration.province_city import ProvinceCity, province_city

SHEN = "329982199504183021"
ZHOU = "329982199011116023"
LI = "32998219850620301X"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[ProvinceCity]:
    with province_city(tmp_path) as made:
        yield made


def links(browser: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.get(f"{BASE}/me/upstream-links").get_json()["items"]
    return found


def test_providers_are_offered_by_name_and_without_secrets(city: ProvinceCity) -> None:
    answer = city.anyone().get(f"{BASE}/upstreams")
    assert answer.get_json()["items"] == [
        {"slug": "province", "name": {"zh": "省统一身份认证", "en": "Provincial Identity"}}
    ]
    assert (
        city.anyone().post(f"{BASE}/upstreams/nobody/sign-ins", json={"browser": "x" * 16}).status_code == 404
    )


def test_a_verified_number_links_its_account_and_the_holder_is_told(city: ProvinceCity) -> None:
    mine = city.person("shen", "沈佳禾", SHEN, 2)
    browser = city.anyone()
    answer = city.through("shenjiahe", browser)
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert body["account"]["account_id"] == mine and body["sso"]
    assert ("upstream:link", mine) in city.acts and ("real_name_level_3", mine) in city.acts
    assert (mine, "upstream_linked") in city.told
    assert city.account(mine).level == 3
    (link,) = links(bearer(browser, answer))
    assert link["name"]["zh"] == "省统一身份认证"


def test_a_known_link_signs_in_again_whatever_the_account_is_called_now(city: ProvinceCity) -> None:
    mine = city.person("shen", "沈佳禾", SHEN, 3)
    city.through("shenjiahe")
    before = len(city.told)
    city.set(orm.account, display_name="沈嘉禾")
    answer = city.through("shenjiahe")
    assert answer.get_json()["account"]["account_id"] == mine
    assert len(city.rows(orm.upstream_link)) == 1 and len(city.told) == before + 1  # a new device


def test_a_level_is_raised_and_never_lowered(city: ProvinceCity) -> None:
    mine = city.person("qian", "钱芸", "329982199207154048", 3)
    assert city.through("qianyun").status_code == 200
    assert city.account(mine).level == 3


def test_nobodys_number_opens_an_account_without_a_password(city: ProvinceCity) -> None:
    answer = city.through("liyuantu")
    account = city.account(answer.get_json()["account"]["account_id"])
    assert (account.display_name, account.level, account.kind) == ("李远途", 3, "person")
    assert account.id_number == LI and account.id_index == city.index(LI)
    assert account.password_hash == NO_PASSWORD
    assert sign_in(city.anyone(), account.login, NO_PASSWORD).status_code == 401
    assert ("open_account", account.account_id) in city.acts
    again = city.through("liyuantu")
    assert again.get_json()["account"]["account_id"] == account.account_id


def test_who_isnt_verified_there_gets_an_account_without_a_number(city: ProvinceCity) -> None:
    account = city.account(city.through("chenchu").get_json()["account"]["account_id"])
    assert (account.level, account.id_number, account.id_index) == (1, None, None)


def test_a_claimed_number_is_never_taken_over_but_linked_by_signing_in(city: ProvinceCity) -> None:
    mine = city.person("zhou", "周晓满", ZHOU, 1)
    answer = city.through("zhouxiaoman")
    assert refused(answer) == (409, "sign-in-to-link")
    assert not city.rows(orm.upstream_link) and not city.rows(orm.session)
    assert city.acts[-1] == ("upstream:link_by_sign_in", mine)
    ticket = answer.get_json()["ticket"]
    browser = city.signed_in("zhou")
    assert post(browser, "/me/upstream-links", {"ticket": ticket}).status_code == 204
    assert city.account(mine).level == 2 and (mine, "upstream_linked") in city.told
    assert city.through("zhouxiaoman").get_json()["account"]["account_id"] == mine
    again = post(browser, "/me/upstream-links", {"ticket": ticket})
    assert again.get_json()["reason"] == "ticket" and city.acts[-1] == ("upstream:ticket", mine)


def test_who_says_that_it_isnt_theirs_gets_one_of_their_own(city: ProvinceCity) -> None:
    squatter = city.person("zhou", "周晓满", ZHOU, 1)
    answer = city.through("zhouxiaoman")
    assert answer.get_json()["claimed"] is True
    ticket = {"ticket": answer.get_json()["ticket"]}
    mine = post(city.anyone(), "/upstream-accounts", ticket).get_json()["account"]["account_id"]
    assert mine != squatter and city.account(squatter).id_number is None
    assert (city.account(mine).id_number, city.account(mine).level) == (ZHOU, 2)
    assert ("unclaim_number", squatter) in city.acts
    assert city.through("zhouxiaoman").get_json()["account"]["account_id"] == mine
    again = post(city.anyone(), "/upstream-accounts", ticket)
    assert again.get_json()["reason"] == "ticket" and city.acts[-1] == ("upstream:ticket", "unknown")


def test_an_account_that_has_shown_the_number_keeps_it(city: ProvinceCity) -> None:
    mine = city.person("shen", "沈家和", SHEN, 3)
    answer = city.through("shenjiahe")
    assert answer.get_json()["claimed"] is False
    ticket = {"ticket": answer.get_json()["ticket"]}
    assert post(city.anyone(), "/upstream-accounts", ticket).get_json()["reason"] == "number_taken"
    assert city.account(mine).id_number == SHEN


def test_at_the_same_computer_nobody_else_gets_the_number(city: ProvinceCity) -> None:
    city.person("zhou", "周晓满", ZHOU, 1)
    city.open("stranger")
    ticket = city.through("zhouxiaoman").get_json()["ticket"]
    answer = post(city.signed_in("stranger"), "/me/upstream-links", {"ticket": ticket})
    assert answer.get_json()["reason"] == "number_differs"


def test_another_name_with_the_same_number_signs_in_here_first(city: ProvinceCity) -> None:
    city.person("shen", "沈家和", SHEN, 3)
    assert refused(city.through("shenjiahe")) == (409, "sign-in-to-link")


def test_a_ticket_links_nobody_who_has_shown_another_number(city: ProvinceCity) -> None:
    city.person("zhou", "周晓满", ZHOU, 1)
    other = city.person("shen", "沈佳禾", SHEN, 3)
    ticket = city.through("zhouxiaoman").get_json()["ticket"]
    answer = post(city.signed_in("shen"), "/me/upstream-links", {"ticket": ticket})
    assert answer.get_json()["reason"] == "number_differs"
    assert city.acts[-1] == ("upstream:number_differs", other) and not city.rows(orm.upstream_link)


@pytest.mark.parametrize(
    ("kind", "options", "reason"),
    [
        ("staff", {"roles": ["officer"], "department": "SJ"}, "staff"),
        ("machine", {"roles": ["department_system"], "department": "SJ"}, "not_a_person"),
    ],
)
def test_only_persons_come_this_way(
    city: ProvinceCity, kind: str, options: dict[str, Any], reason: str
) -> None:
    city.person("shen", "沈佳禾", SHEN, 3, kind=kind, **options)
    answer = city.through("shenjiahe")
    assert refused(answer) == (403, "upstream-refused") and answer.get_json()["reason"] == reason
    assert city.acts[-1] == (f"upstream:{reason}", "unknown") and not city.rows(orm.session)


def test_who_is_suspended_stays_so(city: ProvinceCity) -> None:
    city.person("shen", "沈佳禾", SHEN, 3)
    city.set(orm.account, suspended_at=city.now)
    assert city.through("shenjiahe").get_json()["reason"] == "suspended"


def test_a_closed_account_isnt_opened_again(city: ProvinceCity) -> None:
    old = city.person("shen", "沈佳禾", SHEN, 3)
    city.through("shenjiahe")
    browser = city.signed_in("shen")
    copy = browser.get(f"{BASE}/me/export").get_json()["upstream_links"]
    assert [c["upstream"] for c in copy] == ["province"]
    assert post(browser, "/me/closure", {"password": "a long enough one"}).status_code == 200
    assert not city.rows(orm.upstream_link)
    new = city.through("shenjiahe").get_json()["account"]["account_id"]
    assert new != old and city.account(old).display_name == "已注销"


def test_an_account_has_one_subject_of_a_provider(city: ProvinceCity) -> None:
    city.person("shen", "沈佳禾", SHEN, 3)
    city.through("shenjiahe")
    city.tamper("/userinfo", lambda said: said | {"id_card_number": SHEN, "sub": "js-liyuantu"})
    assert city.through("liyuantu").get_json()["reason"] == "other_subject"


def test_a_subject_whose_number_changed_is_somebody_else(city: ProvinceCity) -> None:
    city.person("shen", "沈佳禾", SHEN, 3)
    city.through("shenjiahe")
    city.tamper("/userinfo", lambda said: said | {"id_card_number": LI})
    assert city.through("shenjiahe").get_json()["reason"] == "number_differs"


def test_a_second_factor_of_ones_own_is_asked_all_the_same(city: ProvinceCity) -> None:
    city.person("shen", "沈佳禾", SHEN, 3)
    secret, _ = city.enrol("shen")
    answer = city.through("shenjiahe")
    assert refused(answer) == (401, "second-factor-needed")
    command = {"challenge": answer.get_json()["challenge"], "code": city.code(secret)}
    assert post(city.anyone(), "/tokens/second-factor", command).status_code == 200
    (session,) = city.rows(orm.session)
    assert session.began_by == "upstream:province otp mfa"


def test_an_initial_password_that_wasnt_used_is_kept(city: ProvinceCity) -> None:
    mine = city.person("shen", "沈佳禾", SHEN, 3, has_initial_password=True)
    assert city.through("shenjiahe").status_code == 200
    assert city.account(mine).has_initial_password


def test_many_sign_ins_of_somebody_new_at_one_moment_open_one_account(city: ProvinceCity) -> None:
    browsers = [city.anyone() for _ in range(4)]
    backs = [city.come_back(city.begin(b), "liyuantu") for b in browsers]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(city.answer, browsers, backs))
    assert [a.status_code for a in answers] == [200] * 4
    assert len({a.get_json()["account"]["account_id"] for a in answers}) == 1
    assert len(city.rows(orm.upstream_link)) == 1


def test_unlinking_takes_a_password_and_then_the_province_opens_nothing(city: ProvinceCity) -> None:
    browser = city.anyone()
    answer = city.through("liyuantu", browser)
    bearer(browser, answer)
    login = answer.get_json()["account"]["account_id"]
    (link,) = links(browser)
    where = f"{BASE}/me/upstream-links/{link['link_id']}"
    assert refused(browser.delete(where)) == (409, "last-way-in")
    known = browser.get(f"{BASE}/me/security").get_json()
    assert not known["has_password"]
    assert post(browser, "/me/closure", {"password": "anything"}).status_code == 422
    assert post(browser, "/me/password", {"new_password": "a password of my own"}).status_code == 204
    assert sign_in(city.anyone(), known["login"], "a password of my own").status_code == 200
    assert browser.delete(where).status_code == 204
    assert browser.delete(where).status_code == 404
    assert links(browser) == [] and (login, "upstream_unlinked") in city.told
    assert city.acts[-1] == ("upstream:unlink", login)


def test_a_first_password_is_set_soon_after_signing_in(city: ProvinceCity) -> None:
    browser = city.anyone()
    bearer(browser, city.through("liyuantu", browser))
    city.set(orm.session, started_at=city.now - timedelta(minutes=20))
    answer = post(browser, "/me/password", {"new_password": "a password of my own"})
    assert refused(answer) == (409, "sign-in-again")


def test_a_link_is_its_holders_alone(city: ProvinceCity) -> None:
    city.person("shen", "沈佳禾", SHEN, 3)
    city.through("shenjiahe")
    city.person("other", "周晓满", ZHOU, 3)
    (link,) = city.rows(orm.upstream_link)
    stranger, where = city.signed_in("other"), f"{BASE}/me/upstream-links/{link.link_id}"
    assert stranger.delete(where).status_code == 404 and links(stranger) == []
    assert city.anyone().delete(where).status_code == 401
    staff = city.as_("officer-a", "officer")
    assert staff.delete(where).status_code == 403
    assert post(staff, "/me/upstream-links", {"ticket": "x"}).status_code == 403


def test_subjects_names_and_numbers_are_sealed(city: ProvinceCity, tmp_path: Path) -> None:
    city.person("zhou", "周晓满", ZHOU, 1)
    city.through("zhouxiaoman")
    city.through("liyuantu")
    content = b"".join(p.read_bytes() for p in tmp_path.glob("identity.sqlite*"))
    for secret in ("js-liyuantu", LI, ZHOU, "周晓满", "李远途"):
        assert secret.encode() not in content
