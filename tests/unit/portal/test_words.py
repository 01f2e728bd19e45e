"""Both languages say everything."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from markupsafe import Markup

import services.portal
from services.portal.words import Language, english, typeset

HERE = Path(services.portal.__file__).parent
CHINESE = re.compile("[\u4e00-\u9fff]")
IN_BOTH_LANGUAGES = {"place.py", "sheet.py", "words.py"}  # they carry their own English, or none
PARTS_OF_DATES = {"一二三四五六日", "年", "月", "日（周"}


def keys() -> Iterator[str]:
    for template in HERE.glob("templates/*.html"):
        for found in re.finditer(
            r"""\bt\(\s*(?:"([^"]+)"|'([^']+)')""", template.read_text(encoding="utf-8")
        ):
            yield found[1] or found[2]
    for module in HERE.rglob("*.py"):
        if module.name in IN_BOTH_LANGUAGES or "migrations" in module.parts:
            continue
        tree = ast.parse(module.read_text(encoding="utf-8"))
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                yield node.value


def test_everything_said_in_chinese_has_its_english() -> None:
    wanted = {k for k in keys() if CHINESE.search(k)} - PARTS_OF_DATES
    assert wanted <= english().keys() | {"其他信息"}


def test_the_catalogue_keeps_nothing_that_is_no_longer_said() -> None:
    on_the_sheet = (HERE / "web/sheet.py").read_text(encoding="utf-8")
    assert {k for k in english().keys() - set(keys()) if f'"{k}"' not in on_the_sheet} == set()


def test_both_languages_name_the_same_values() -> None:
    for chinese, found in english().items():
        for text in found.values() if isinstance(found, dict) else [found]:
            assert set(re.findall(r"{(\w+)}", chinese)) == set(re.findall(r"{(\w+)}", text)), chinese


def test_english_counts_properly() -> None:
    t = Language("en")
    assert t("还剩 {n} 个工作日", n=1) == "1 working day left"
    assert t("还剩 {n} 个工作日", n=3) == "3 working days left"


def test_markup_in_values_stays_and_text_is_escaped() -> None:
    day = Markup('<span class="nb">3月12日</span>')
    assert str(Language("zh")("最晚 {day}", day=day)) == '最晚 <span class="nb">3月12日</span>'
    assert str(Language("zh")("{name} 在办 {day}", name="<b>", day=day)).startswith("&lt;b&gt; 在办 <span")


def test_chinese_text_gets_chinese_punctuation() -> None:
    assert typeset("按告知的内容一次补正,再提交") == "按告知的内容一次补正，再提交"
    assert typeset("注册资本(万元)") == "注册资本（万元）"
    assert typeset("9:00, 10:00 (A4)") == "9:00, 10:00 (A4)"
