"""What texts are found by."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style
from pypinyin.constants import PINYIN_DICT
from pypinyin.style import convert

from services.catalog.domain import asking
from services.catalog.domain.syllables import SYLLABLES
from services.catalog.domain.terms import Document, normal, spellings, terms_of


def test_full_width_upper_case_and_control_characters_make_no_difference() -> None:
    assert normal("ＡＢＣ　食品\x00\u200b许可\r\n") == "abc 食品 许可"


def test_a_title_is_found_by_characters_pairs_pinyin_and_initials() -> None:
    terms = terms_of(Document(code="a", kind="item", title={"zh": "公司注销", "en": "Closing firms"}))
    assert {
        "tc公",
        "tc公司",
        "ac注销",
        "tpgong si",
        "apzhu xiao",
        "tigs",
        "aizx",
        "twfirm",
        "twclosing",
    } <= terms
    assert "fkind=item" in terms


def test_what_a_thing_is_called_is_no_title() -> None:
    terms = terms_of(Document(code="a", kind="item", title={"zh": "食品经营许可"}, words={"饭店": 0}))
    assert "ac饭店" in terms and "tc饭店" not in terms and "apfan dian" in terms


def test_letters_are_read_as_pinyin_with_the_fewest_syllables_first() -> None:
    assert spellings("shenfenzheng")[0] == ("shen", "fen", "zheng")
    assert ("xian",) in spellings("xian") and ("xi", "an") in spellings("xian")
    assert spellings("gszx") == ()


def test_small_talk_is_left_out_unless_nothing_else_is_said() -> None:
    assert asking.question("请问怎么办理结婚登记需要什么材料？").core == "结婚登记"
    assert asking.question("怎么办").core == "怎么办"


def test_a_very_long_question_is_cut() -> None:
    asked = asking.question("食品" * 5_000)
    assert asked.cut and len(asked.text) <= asking.LONGEST


def test_votes_are_counted_document_by_document() -> None:
    at_least = asking.counted([0b110, 0b010, 0b011])
    assert at_least[1:] == [0b111, 0b010, 0b010]


@given(st.text(max_size=200))
def test_any_text_is_a_question(text: str) -> None:
    asked = asking.question(text)
    assert asking.all_of(asked.text, lambda _: 0, "t") == 0
    assert not any(asking.most_of(asked.core, lambda _: 0))
    asking.score(asked, Document(code="a", kind="item", title={"zh": "食品经营许可", "en": "Food"}))


def test_the_syllables_are_those_the_characters_are_read_by() -> None:
    toned = {one for spelled in PINYIN_DICT.values() for one in spelled.split(",")}
    plain = {convert(one, Style.NORMAL, strict=False).replace("ü", "v") for one in toned}
    assert plain - SYLLABLES <= {"n", "m", "ng", "hm", "hng"} | {p for p in plain if not p.isascii()}
    assert plain >= SYLLABLES
