"""What stands on a document becomes PDF/A-2b with subset fonts, by typst, which is imported at first use."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from contracts.procedure import Text

TEMPLATES = Path(__file__).parent / "templates"
DEBIAN_FONTS = Path("/usr/share/fonts/opentype/noto")
STANDARD = "a-2b"
MISSING = re.compile(r'the text `"(.+?)"` could not be displayed')
ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")


class MissingGlyph(Exception):
    """The font has no picture for these characters: nothing was made."""

    def __init__(self, characters: Sequence[str]):
        super().__init__(" ".join(f"{c} (U+{ord(c):04X})" for c in characters))
        self.characters = tuple(characters)


class NoFont(Exception):
    """The font folder holds no Noto Sans CJK SC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a document: what it is, and what stands there."""

    zh: str
    en: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What stands on a document. ``address`` is where it is verified; it ends in the document's token."""

    kind: str
    template: str
    title: Text
    number: str
    issuer: Text
    seal_number: str
    date: datetime
    address: str
    rows: tuple[Row, ...] = ()
    parts: tuple[Text, ...] = ()
    sample: bool = True


def make(sheet: Sheet) -> bytes:
    """The unsealed file. Raises `MissingGlyph`, naming every character; `NoFont`."""
    import typst

    try:
        made = _compiler().compile(
            input=_template(sheet.template),
            sys_inputs={"d": json.dumps(_data(sheet), ensure_ascii=False)},
            pdf_standards=STANDARD,
            timestamp=int(sheet.date.timestamp()),
            pdf_tags=False,
        )
    except typst.TypstError as error:
        if characters := _missing(error.diagnostic):
            raise MissingGlyph(characters) from None
        raise
    assert isinstance(made, bytes)
    return made


def font_folder() -> Path:
    """``ONEWINDOW_FONT_FOLDER``, or where Debian puts Noto CJK, or the font package beside us."""
    if named := os.environ.get("ONEWINDOW_FONT_FOLDER"):
        return Path(named)
    if DEBIAN_FONTS.is_dir():
        return DEBIAN_FONTS
    import manimgx_fonts_cjk  # type: ignore[import-untyped]

    return Path(manimgx_fonts_cjk.__file__).parent


@cache
def _compiler() -> Any:
    import typst

    folder = font_folder()
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
    if "Noto Sans CJK SC" not in fonts.families():
        raise NoFont(f"{folder} holds no Noto Sans CJK SC: set ONEWINDOW_FONT_FOLDER")
    return typst.Compiler(root=str(TEMPLATES), font_paths=fonts)


def _template(name: str) -> str:
    found = TEMPLATES / f"{name}.typ"
    return str(found if found.parent == TEMPLATES and found.exists() else TEMPLATES / "licence.typ")


def _data(sheet: Sheet) -> dict[str, Any]:
    from chassis.workdays import SHANGHAI

    day = sheet.date.astimezone(SHANGHAI)
    return {
        "title": asdict(sheet.title),
        "number": sheet.number,
        "issuer": asdict(sheet.issuer),
        "seal": {"name": sheet.issuer.zh, "number": sheet.seal_number},
        "date": {"zh": f"{day.year}年{day.month}月{day.day}日", "en": f"{day:%d %B %Y}"},
        "code": _code(sheet.address),
        "verify_at": sheet.address.rsplit("/v/", 1)[0] + "/verify",
        "address": sheet.address,
        "rows": [asdict(row) for row in sheet.rows],
        "parts": [asdict(part) for part in sheet.parts],
        "sample": sheet.sample,
    }


def _code(address: str) -> str:
    import segno

    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", border=2, xmldecl=False, svgns=True)
    return drawn.getvalue().decode()


def _missing(diagnostic: str) -> list[str]:
    texts = (ESCAPED.sub(lambda m: chr(int(m[1], 16)), text) for text in MISSING.findall(diagnostic))
    return list(dict.fromkeys(character for text in texts for character in text))
