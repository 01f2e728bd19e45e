"""Is an uploaded file what it says it is? Name, declared type and content have to agree."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection
from dataclasses import dataclass

import puremagic

from chassis.problems import MIB

MAX_NAME = 120
MAX_UNPACKED = 100 * MIB
MAX_PARTS = 2000
UNSPECIFIC = ("", "application/octet-stream")
_OFFICE = "application/vnd.openxmlformats-officedocument."
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class BadFile(Exception):
    """A file that isn't taken. ``reason`` is a code of `services.intake.problems.FILE_REASONS`."""

    def __init__(self, reason: str, **words: str):
        super().__init__(reason)
        self.reason = reason
        self.words = words


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its media type, other names of it in use, and endings of file names."""

    media_type: str
    aliases: tuple[str, ...]
    endings: tuple[str, ...]


FORMATS = {
    "pdf": Format("application/pdf", ("application/x-pdf",), ("pdf",)),
    "jpg": Format("image/jpeg", ("image/jpg", "image/pjpeg"), ("jpg", "jpeg")),
    "png": Format("image/png", ("image/x-png",), ("png",)),
    "docx": Format(f"{_OFFICE}wordprocessingml.document", (), ("docx",)),
    "xlsx": Format(f"{_OFFICE}spreadsheetml.sheet", (), ("xlsx",)),
}
_MAIN_PARTS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}


def plain_name(name: str) -> str:
    """The name without folders and invisible characters, cut to a length that can be kept."""
    base = _CONTROL.sub("", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    stem, dot, ending = base.rpartition(".")
    return f"{stem[: MAX_NAME - len(ending) - 1]}.{ending}" if dot and stem else base[:MAX_NAME]


def check_file(name: str, declared: str, content: bytes, allowed: Collection[str]) -> str:
    """The media type of a file that is what its name and its sender say. Raises `BadFile`."""
    if not content:
        raise BadFile("empty")
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    kind = next((k for k, f in FORMATS.items() if ending in f.endings), None)
    if kind is None or kind not in allowed:
        raise BadFile("format", allowed=", ".join(k for k in FORMATS if k in allowed))
    found = FORMATS[kind]
    said = declared.partition(";")[0].strip().lower()
    if said not in (*UNSPECIFIC, found.media_type, *found.aliases):
        raise BadFile("declared", ending=ending)
    if not _looks_like(found, content):
        raise BadFile("content", ending=ending)
    _check_whole(kind, content)
    return found.media_type


def _looks_like(wanted: Format, content: bytes) -> bool:
    try:
        guesses = puremagic.magic_string(content)
    except (puremagic.PureError, ValueError):
        return False
    return any(guess.extension.lstrip(".").lower() in wanted.endings for guess in guesses)


def _check_whole(kind: str, content: bytes) -> None:
    """Its beginning and its end are there; what is packed opens, is small enough and runs nothing."""
    whole = {
        "pdf": lambda: content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:],
        "jpg": lambda: content.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in content,
        "png": lambda: content.startswith(b"\x89PNG\r\n\x1a\n") and b"IEND" in content[-64:],
    }.get(kind)
    if whole is None:
        _check_packed(kind, content)
    elif not whole():
        raise BadFile("broken")


def _check_packed(kind: str, content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise BadFile("broken") from None
    names = {part.filename for part in parts}
    if not {"[Content_Types].xml", _MAIN_PARTS[kind]} <= names:
        raise BadFile("content", ending=kind)
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise BadFile("macros")
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise BadFile("broken")
