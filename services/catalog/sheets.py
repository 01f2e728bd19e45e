"""Items as JSON, CSV, XLSX. A column is a place in the item file (``title.zh``); a list is JSON in its cell.

A text that a spreadsheet would take for a formula is written with an apostrophe before it, and read without.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from services.catalog.exchange import Row

TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
NUMBERS = {
    "depth", "visits", "fee.fen", "promised.value", "statutory.value", "acceptance_limit.value",
    "extension.limit.value", "minimum_real_name_level", "result.valid_for.value",
}  # fmt: skip
FLAGS = {"sample", "classified", "result.replaces"}
MOST_ROWS = 20_000
MOST_UNPACKED = 200 * 1024 * 1024
FIRST = (
    "code",
    "basic_code",
    "title.zh",
    "title.en",
    "type",
    "department",
    "kind",
    "audience",
    "theme",
    "tier",
)


class Unreadable(ValueError):
    """A file that is not of the kind it says, or holds more than is taken."""

    def __init__(self, zh: str, en: str):
        super().__init__(en)
        self.zh = zh
        self.en = en


def write(kind: str, contents: Iterable[Mapping[str, Any]]) -> bytes:
    """Items as a file of this kind."""
    if kind == "json":
        return json.dumps(list(contents), ensure_ascii=False, indent=1).encode()
    rows = [dict(_cells(content)) for content in contents]
    columns = list(dict.fromkeys([*FIRST, *(name for row in rows for name in row)]))
    table = [columns, *([_guarded(row.get(name)) for name in columns] for row in rows)]
    return _write_csv(table) if kind == "csv" else _write_xlsx(table)


def read(kind: str, data: bytes) -> list[Row]:
    """The rows of a file of this kind. Raises `Unreadable`."""
    readers = {"json": _read_json, "csv": _read_csv, "xlsx": _read_xlsx}
    if kind not in readers:
        raise Unreadable("只能导入 JSON、CSV、XLSX 文件。", "Only JSON, CSV and XLSX files can be imported.")
    rows = readers[kind](data)
    if not rows:
        raise Unreadable("文件里没有事项。", "There is no item in the file.")
    if len(rows) > MOST_ROWS:
        raise Unreadable(f"一次最多导入 {MOST_ROWS} 项。", f"At most {MOST_ROWS} items at once.")
    return rows


def _cells(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping) and value and name != "regroup":
            yield from _cells(value, f"{name}.")
        elif isinstance(value, (list, Mapping)):
            yield name, json.dumps(value, ensure_ascii=False)
        elif value is not None:
            yield name, ("true" if value else "false") if isinstance(value, bool) else value


def _guarded(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def _write_csv(table: Sequence[Sequence[Any]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(["" if v is None else v for v in row] for row in table)
    return ("\ufeff" + written.getvalue()).encode()


def _write_xlsx(table: Sequence[Sequence[Any]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("items")
    sheet.freeze_panes = "B2"
    for row in table:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=value)
            if isinstance(value, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _read_json(data: bytes) -> list[Row]:
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise Unreadable("这不是事项列表的 JSON 文件。", "Not a JSON file with a list of items.")
    return [Row(number=number, content=entry) for number, entry in enumerate(found, 1)]


def _read_csv(data: bytes) -> list[Row]:
    for encoding in ("utf-8-sig", "gb18030"):  # spreadsheets save in either
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Unreadable("文件的编码不是 UTF-8 或 GB 18030。", "Neither UTF-8 nor GB 18030.")
    if "\0" in text:
        raise Unreadable("这不是 CSV 文件。", "Not a CSV file.")
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise Unreadable("CSV 的引号或分隔符不对。", f"Not a proper CSV file: {error}.") from None
    return _rows(table)


def _read_xlsx(data: bytes) -> list[Row]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
                raise Unreadable("文件解开后太大。", "The file is too large once unpacked.")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        table = [list(row) for row in sheet.iter_rows(values_only=True, max_row=MOST_ROWS + 2)]
        book.close()
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable("这不是 XLSX 文件。", "Not an XLSX file.") from error
    return _rows(table)


def _rows(table: Sequence[Sequence[Any]]) -> list[Row]:
    """Row 1 names the columns; empty rows are left out and keep their numbers."""
    if not table:
        return []
    columns = ["" if c is None else str(c).strip() for c in table[0]]
    if "code" not in columns:
        raise Unreadable(
            "第一行要写各列的名字，其中有 code。", "The first row must name the columns, code among them."
        )
    if twice := sorted({c for c in columns if c and columns.count(c) > 1}):
        raise Unreadable(f"列名重复：{'、'.join(twice)}。", f"Columns named twice: {', '.join(twice)}.")
    return [
        Row(number=number, content=_content(zip(columns, row, strict=False)))
        for number, row in enumerate(table[1:], 2)
        if any(value not in (None, "") for value in row)
    ]


def _content(cells: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for column, value in cells:
        if value is None or value == "":
            continue
        *path, last = (column or "?").split(".")
        inner = content
        for step in path:
            below = inner.setdefault(step, {})
            if not isinstance(below, dict):
                below = inner[step] = {}
            inner = below
        inner[last] = _value(column, value)
    return content


def _value(column: str, value: Any) -> Any:
    """A cell's value; what can't be told stays a text, for the item's own check to complain about."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if column in NUMBERS:
        return _number(value)
    if column in FLAGS:
        return {"true": True, "false": False}.get(str(value).lower(), value)
    text = _unguarded(str(value))
    if text.startswith(("[", "{")):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        number = float(value)
    except ValueError:
        return value
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
