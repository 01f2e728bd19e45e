"""Many at one moment on PostgreSQL: one account, one link, one use of everything that counts once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from services.identity import orm
from tests.integration.identity_office import post
from tests.integration.province_city import ProvinceCity, province_city

AT_ONCE = 6


@pytest.fixture
def city(tmp_path: Path, databases: Callable[..., str]) -> Iterator[ProvinceCity]:
    with province_city(tmp_path, database_url=databases("identity")) as made:
        yield made


def at_once(work: Callable[[Any], Any], given: list[Any]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, given))


@pytest.mark.parametrize("login", ["liyuantu", "chenchu"])
def test_somebody_new_gets_one_account(city: ProvinceCity, login: str) -> None:
    backs = [city.come_back(city.begin(city.anyone()), login) for _ in range(AT_ONCE)]
    answers = at_once(lambda back: city.answer(city.anyone(), back), backs)
    assert [a.status_code for a in answers] == [200] * AT_ONCE
    assert len({a.get_json()["account"]["account_id"] for a in answers}) == 1
    assert len(city.rows(orm.upstream_link)) == len(city.rows(orm.account)) == 1


def test_one_answer_sent_many_times_counts_once(city: ProvinceCity) -> None:
    back = city.come_back(city.begin(city.anyone()), "liyuantu")
    answers = at_once(lambda _: city.answer(city.anyone(), back), [back] * AT_ONCE)
    assert Counter(a.status_code for a in answers) == {200: 1, 403: AT_ONCE - 1}
    assert len(city.rows(orm.session)) == 1


def test_a_ticket_counts_once(city: ProvinceCity) -> None:
    city.person("zhou", "周晓满", "329982199011116023", 1)
    ticket = {"ticket": city.through("zhouxiaoman").get_json()["ticket"]}
    answers = at_once(lambda _: post(city.anyone(), "/upstream-accounts", ticket), [ticket] * AT_ONCE)
    assert Counter(a.status_code for a in answers) == {200: 1, 403: AT_ONCE - 1}
    assert len(city.rows(orm.account)) == 2
