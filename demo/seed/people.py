"""Invented citizens and shops: region code 329982, mobiles that begin with 100, check digits right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stdnum.cn import ric

PERSONS = (
    ("shen-mingchuan", "沈明川", "19700214502"),
    ("gu-xiaomei", "顾晓梅", "19820930603"),
    ("luo-yiming", "罗一鸣", "19930812301"),
    ("qian-huihui", "钱慧慧", "19881105401"),
    ("zhou-dahai", "周大海", "19760621101"),
    ("xu-chunyan", "许春燕", "19911203702"),
    ("tang-wenjun", "唐文君", "19850417803"),
    ("lu-jianguo", "陆建国", "19680909104"),
    ("fang-li", "方丽", "19960301205"),
    ("shen-guixiang", "沈桂香", "19590528306"),
    ("gu-yifan", "顾一帆", "20010716407"),
    ("jiang-ping", "江平", "19800102508"),
)
TRADES = ("面馆", "馄饨店", "饭店", "糕团店", "茶餐厅", "烧烤店", "早餐店", "火锅店")
STREETS = ("学府路", "柳渡路", "塔前路", "河西街", "芦港大街", "荷墩路", "鹤浜路", "锦沙中路")


@dataclass(frozen=True)
class Person:
    login: str
    name: str
    id_number: str
    mobile: str


def persons() -> list[Person]:
    """Everybody who files; each with a valid number."""
    found = []
    for number, (login, name, body) in enumerate(PERSONS):
        digits = f"329982{body}"
        id_number = digits + ric.calc_check_digit(f"{digits}0")  # it leaves the last one out itself
        found.append(Person(login, name, id_number, f"100{99000000 + number * 7919:08d}"))
    return found


def shops() -> Iterator[dict[str, str]]:
    """Names and addresses of shops without end, none twice in the first few hundred."""
    number = 0
    while True:
        family = PERSONS[number % len(PERSONS)][1][0]
        trade, street = TRADES[number % len(TRADES)], STREETS[(number // 3) % len(STREETS)]
        yield {
            "shop_name": f"{street[:2]}老{family}{trade}{number // 24 or ''}",
            "shop_address": f"云渡街道{street}{number * 2 + 1}号",
        }
        number += 1
