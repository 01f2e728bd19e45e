"""Which files are taken, and what the others are told."""

from __future__ import annotations

import io

import docx
import openpyxl
import pytest

from services.intake.file_checks import FORMATS, MAX_NAME, BadFile, check_file, plain_name
from services.intake.problems import FILE_REASONS
from tests.unit.intake.paper_shop import EXE, PDF, office_file, small_png

JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0" + b"\0" * 64 + b"\xff\xd9"
ALL = tuple(FORMATS)


def word_document() -> bytes:
    content = io.BytesIO()
    docx.Document().save(content)
    return content.getvalue()


def spreadsheet() -> bytes:
    content = io.BytesIO()
    openpyxl.Workbook().save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "declared", "content", "media_type"),
    [
        ("合同.pdf", "application/pdf", PDF, "application/pdf"),
        ("合同.PDF", "", PDF, "application/pdf"),
        ("平面图.jpg", "image/jpeg", JPEG, "image/jpeg"),
        ("平面图.jpeg", "image/jpg", JPEG, "image/jpeg"),
        ("照片.png", "image/png; charset=binary", small_png(), "image/png"),
        ("章程.docx", "application/octet-stream", word_document(), FORMATS["docx"].media_type),
        ("名册.xlsx", FORMATS["xlsx"].media_type, spreadsheet(), FORMATS["xlsx"].media_type),
    ],
)
def test_a_file_that_is_what_it_says_is_taken(
    name: str, declared: str, content: bytes, media_type: str
) -> None:
    assert check_file(name, declared, content, ALL) == media_type


@pytest.mark.parametrize(
    ("name", "declared", "content", "reason"),
    [
        ("空.pdf", "application/pdf", b"", "empty"),
        ("程序.exe", "application/x-msdownload", EXE, "format"),
        ("没有结尾", "application/pdf", PDF, "format"),
        ("合同.doc", "application/msword", b"\xd0\xcf\x11\xe0", "format"),
        ("合同.pdf", "application/pdf", EXE, "content"),
        ("合同.pdf", "application/x-msdownload", PDF, "declared"),
        ("合同.pdf", "application/pdf", b"just text", "content"),
        ("合同.pdf", "application/pdf", small_png(), "content"),
        ("照片.png", "image/png", JPEG, "content"),
        ("合同.pdf", "application/pdf", PDF[: len(PDF) // 2], "broken"),
        ("照片.png", "image/png", small_png()[:-20], "broken"),
        ("照片.jpg", "image/jpeg", JPEG[:-2], "broken"),
        ("章程.docx", "", spreadsheet(), "content"),
        ("章程.docx", "", word_document()[:-30], "broken"),
        ("章程.docx", "", office_file("docx", **{"word/vbaProject.bin": b"macro"}), "macros"),
        ("章程.docx", "", office_file("docx", **{"word/huge.xml": bytes(101 * 1024 * 1024)}), "broken"),
    ],
)
def test_a_file_that_is_not_is_refused_with_the_reason(
    name: str, declared: str, content: bytes, reason: str
) -> None:
    with pytest.raises(BadFile) as refused:
        check_file(name, declared, content, ALL)
    assert refused.value.reason == reason
    assert all(text.format(**refused.value.words) for text in FILE_REASONS[reason])


def test_only_the_formats_of_the_material_are_taken() -> None:
    with pytest.raises(BadFile) as refused:
        check_file("合同.pdf", "", PDF, ("png", "jpg"))
    assert refused.value.words == {"allowed": "jpg, png"}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("D:\\扫描件\\合同.pdf", "合同.pdf"),
        ("../../etc/合同.pdf", "合同.pdf"),
        ("合同\u202efdp.exe", "合同fdp.exe"),
        ("合\0同\n.pdf", "合同.pdf"),
        (" . ", ""),
    ],
)
def test_a_name_is_kept_without_folders_and_invisible_characters(sent: str, kept: str) -> None:
    assert plain_name(sent) == kept


def test_a_long_name_is_cut_and_keeps_its_ending() -> None:
    name = plain_name("长" * 300 + ".pdf")
    assert len(name) == MAX_NAME and name.endswith(".pdf")
