"""An item's form as a Word document that people can type into: empty, or filled in as a sample 自助样表."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any

_WORDS = {
    "zh": {
        "blank": "空白表",
        "sample": "示例（仅供参照，请按您的情况填写）",
        "code": "事项",
        "optional": "（可不填）",
        "signature": "申请人签名：                      日期：        年    月    日",
        "number": "第 {n} 位",
        "yes": "是",
        "no": "否",
        "note": "网上办理不用打印这张表。窗口办理时由工作人员和您一起核对。",
    },
    "en": {
        "blank": "Blank form",
        "sample": "Sample (for orientation only; fill in your own data)",
        "code": "Item",
        "optional": " (optional)",
        "signature": "Applicant's signature:                      Date:",
        "number": "No. {n}",
        "yes": "Yes",
        "no": "No",
        "note": "Online nobody needs this on paper. At a window, staff go through it with you.",
    },
}
_EMPTY_ROWS = 2
_CHOSEN, _OPEN = "☑", "☐"


def document(
    code: str, title: Mapping[str, str], form: Mapping[str, Any], answers: Mapping[str, Any] | None, lang: str
) -> bytes:
    """The form as .docx; ``answers`` fill it in."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    words = _WORDS[lang]
    made = Document()
    style = made.styles["Normal"]
    style.font.size = Pt(11)
    _chinese_font(style)
    made.core_properties.title = title[lang]
    made.core_properties.author = ""
    heading = made.add_heading(title[lang], level=1)
    heading.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _chinese_font(made.styles["Heading 1"])
    _chinese_font(made.styles["Heading 2"])
    kind = words["blank"] if answers is None else words["sample"]
    made.add_paragraph(f"{kind}    {words['code']} {code}").alignment = WD_ALIGN_PARAGRAPH.CENTER
    for group in form["x-groups"]:
        made.add_heading(group["title"][lang], level=2)
        table = made.add_table(rows=0, cols=2, style="Table Grid")
        for label, value in _lines(group["fields"], form, answers, lang):
            cells = table.add_row().cells
            cells[0].text, cells[1].text = label, value
    made.add_paragraph()
    made.add_paragraph(words["signature"])
    made.add_paragraph(words["note"])
    written = BytesIO()
    made.save(written)
    return written.getvalue()


def _chinese_font(style: Any) -> None:
    from docx.oxml.ns import qn

    style.font.name = "SimSun"
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "SimSun")


def _lines(
    names: Iterable[str], form: Mapping[str, Any], answers: Mapping[str, Any] | None, lang: str
) -> Iterable[tuple[str, str]]:
    words = _WORDS[lang]
    for name in names:
        schema = form["properties"][name]
        label = _title(name, schema, lang) + ("" if name in form.get("required", ()) else words["optional"])
        value = None if answers is None else answers.get(name)
        if schema.get("type") == "array" and "properties" in schema.get("items", {}):
            yield from _rows(label, schema["items"], value, answers is None, lang)
        else:
            yield label, _written(schema, value, lang)


def _rows(
    label: str, schema: Mapping[str, Any], value: Any, blank: bool, lang: str
) -> Iterable[tuple[str, str]]:
    rows = [{}] * _EMPTY_ROWS if blank else list(value or [])
    for number, row in enumerate(rows, 1):
        head = f"{label} {_WORDS[lang]['number'].format(n=number)}"
        for name, inner in schema["properties"].items():
            yield f"{head} {_title(name, inner, lang)}", _written(inner, row.get(name), lang)


def _title(name: str, schema: Mapping[str, Any], lang: str) -> str:
    titles: Mapping[str, str] = schema.get("x-title") or {}
    return titles.get(lang) or str(schema.get("title", name))


def _written(schema: Mapping[str, Any], value: Any, lang: str) -> str:
    """A value as people write it; of a choice all there is, the chosen ticked."""
    words, labels = _WORDS[lang], schema.get("x-labels") or {}
    if labels:
        chosen = value if isinstance(value, list) else [value]
        return "  ".join(f"{_CHOSEN if k in chosen else _OPEN} {t[lang]}" for k, t in labels.items())
    if schema.get("type") == "boolean":
        marks = (_CHOSEN if value is True else _OPEN, _CHOSEN if value is False else _OPEN)
        return f"{marks[0]} {words['yes']}  {marks[1]} {words['no']}"
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
