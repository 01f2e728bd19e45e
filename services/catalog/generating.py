"""Plausible items by the thousand: what the hand-written ones are about, changed, renewed, reissued, for
these and those people, at every town's counter. Invented, valid, samples, and guides only: nothing is filed
under them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Pair = tuple[str, str]

ACTIONS: Mapping[str, Pair] = {
    "change": ("变更", "change"),
    "renew": ("延续", "renewal"),
    "reissue": ("补发", "reissue"),
    "cancel": ("注销", "cancellation"),
    "correct": ("信息更正", "correction"),
    "extend": ("延期", "extension"),
    "copy": ("档案查询", "search of files"),
    "yearly": ("年度报告", "yearly report"),
    "confirm": ("信息核对", "confirmation of data"),
    "suspend": ("中止", "suspension"),
    "resume": ("恢复", "resumption"),
    "advice": ("预约咨询", "advice by appointment"),
}
GROUPS: Mapping[str, tuple[Pair, ...]] = {
    "person": (
        ("", ""),
        ("老年人", "older people"),
        ("残疾人", "disabled people"),
        ("退役军人", "veterans"),
        ("高校毕业生", "graduates"),
        ("新市民", "newcomers"),
        ("未成年人", "minors"),
    ),
    "firm": (
        ("", ""),
        ("小微企业", "small firms"),
        ("外商投资企业", "foreign-invested firms"),
        ("农民专业合作社", "farmers' cooperatives"),
        ("分支机构", "branches"),
        ("园区企业", "firms of the park"),
        ("民办非企业单位", "private non-enterprises"),
    ),
}
KEPT = (
    "type", "kind", "department", "audience", "theme", "statutory", "promised", "basis", "conditions",
    "materials", "acceptance",
)  # fmt: skip
FIELDS = 3
FIRST_BASIC_CODE = 329_990_000_000
CITY_WIDE: Pair = ("", "")
_PARENTHESIS = re.compile(r"\s*[（(].*?[)）]")

# What a template holds in place of what differs; letters that survive JSON, YAML and the checks of codes.
CODE, BASIC, ZH, EN, PLACE_ZH, PLACE_EN = "qq-code-qq", "999999999999", "〔zh〕", "〔en〕", "〔地〕", "〔at〕"

HOLES = (CODE, BASIC, ZH, EN, PLACE_ZH, PLACE_EN)


@dataclass(frozen=True)
class Made:
    """One generated item: which template it is of, and what stands in its open places."""

    template: str
    code: str
    basic_code: str
    zh: str
    en: str
    place: Pair

    def holes(self) -> dict[str, str]:
        """What stands in a template's open places."""
        return {
            CODE: self.code,
            BASIC: self.basic_code,
            ZH: self.zh,
            EN: self.en,
            PLACE_ZH: self.place[0] or "江塘市政务服务中心",
            PLACE_EN: self.place[1] or "City hall",
        }


def templates(items: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """An item file with open places for each hand-written item that one department handles alone."""
    return {
        code: _template(content)
        for code, content in sorted(items.items())
        if not content.get("branches") and not content.get("sample")
    }


def made(
    items: Mapping[str, Mapping[str, Any]], templates: Mapping[str, Any], places: Sequence[Pair], count: int
) -> Iterator[Made]:
    """``count`` items, every department among the first, no two with the same name or code.

    Raises `ValueError` when the city is too small for so many.
    """
    number = 0
    for place in (CITY_WIDE, *places):
        for group in range(len(GROUPS["person"])):
            for action, words in ACTIONS.items():
                for code in templates:
                    if number == count:
                        return
                    number += 1
                    yield _made(code, items[code], action, words, group, place, number)
    if number < count:
        raise ValueError(f"this city makes {number} items at most")


def filled(template: Mapping[str, Any], one: Made) -> dict[str, Any]:
    """A template as the item file of one generated item."""
    holes = one.holes()

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            for hole, text in holes.items():
                value = value.replace(hole, text)
            return value
        if isinstance(value, Mapping):
            return {key: fill(inner) for key, inner in value.items()}
        return [fill(inner) for inner in value] if isinstance(value, list) else value

    return {str(key): fill(value) for key, value in template.items()}


def _template(content: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: deepcopy(content[key]) for key in KEPT if key in content}
    asked = list(content["fields"])[:FIELDS]
    return {
        "code": CODE,
        "basic_code": BASIC,
        "title": {"zh": ZH, "en": EN},
        **kept,
        "tier": "c",
        "sample": True,
        "depth": 2,
        "visits": 1,
        "external": {
            "system": {
                "zh": "部门业务系统（样例地址）",
                "en": "The department's own system (sample address)",
            },
            "url": "https://departments.example/apply",
            "guide": [
                {"zh": "带身份证或者营业执照到窗口", "en": "Come to the window with your ID card or licence"},
                {"zh": "工作人员核对后当面办理", "en": "Staff check and handle it while you wait"},
            ],
        },
        "fee": {"fen": 0, "basis": {"zh": "不收费", "en": "Free of charge"}},
        "steps": [
            {"title": {"zh": "到窗口提出", "en": "Ask at the window"}, "who": _APPLICANT, "online": False},
            {"title": {"zh": "核对和办理", "en": "Check and handling"}, "who": content["department"]},
        ],
        "result": {
            "title": {"zh": "办理回执", "en": "Receipt"},
            "validity": {"zh": "长期", "en": "No end"},
            "sample": {"zh": "回执样例", "en": "Sample of the receipt"},
        },
        "place": {"zh": PLACE_ZH, "en": PLACE_EN},
        "fields": asked,
        "optional": [f for f in content.get("optional", ()) if f in asked],
        "regroup": {f: g for f, g in (content.get("regroup") or {}).items() if f in asked},
    }


_APPLICANT = {"zh": "申请人", "en": "Applicant"}


def _made(
    code: str,
    content: Mapping[str, Any],
    action: str,
    words: Pair,
    group: int,
    place: Pair,
    number: int,
) -> Made:
    people = GROUPS[content["audience"][0]][group]
    title = {lang: _PARENTHESIS.sub("", content["title"][lang]) for lang in ("zh", "en")}
    about = [text for text in (people[0], place[0]) if text], [text for text in (people[1], place[1]) if text]
    return Made(
        template=code,
        code=f"{code[:40].rstrip('-')}-{action}-{number:06d}",
        basic_code=str(FIRST_BASIC_CODE + number),
        zh=f"{title['zh']}{words[0]}" + (f"（{'·'.join(about[0])}）" if about[0] else ""),
        en=f"{title['en']}: {words[1]}" + (f" ({', '.join(about[1])})" if about[1] else ""),
        place=place,
    )
