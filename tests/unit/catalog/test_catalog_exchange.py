"""Items in and out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from chassis.database import Database
from chassis.fakes.database import events_of
from contracts.catalog import ProcedurePublished
from services.catalog import bulk, exchange, finding, generating, queries, sheets
from tests.migrated import migrated, sample_catalogue
from tests.unit.catalog.helpers import SAMPLE


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Database]:
    database = migrated("catalog", tmp_path, sample_catalogue)
    yield database
    database.close()


def out(database: Database) -> list[dict[str, Any]]:
    with database.read() as session:
        return [deepcopy(dict(content)) for content in exchange.contents(session)]


def bring(database: Database, kind: str, data: bytes) -> exchange.Done:
    with database.transaction() as uow:
        return exchange.publish(sheets.read(kind, data), uow)


@pytest.mark.parametrize("kind", sheets.TYPES)
def test_what_is_taken_out_and_brought_back_unchanged_changes_nothing(loaded: Database, kind: str) -> None:
    contents = out(loaded)
    data = sheets.write(kind, contents)
    assert [dict(row.content) for row in sheets.read(kind, data)] == contents
    done = bring(loaded, kind, data)
    assert (done.rows, done.changed) == (len(contents), 0)


@pytest.mark.parametrize("kind", sheets.TYPES)
def test_a_changed_item_is_published_with_the_packages_that_stand_on_it(loaded: Database, kind: str) -> None:
    licence = next(c for c in out(loaded) if c["code"] == "food-licence")
    licence["promised"]["value"] = 6
    assert bring(loaded, kind, sheets.write(kind, [licence])).changed == 2
    with loaded.read() as session:
        item = queries.procedure(session, "food-licence")
        package = queries.procedure(session, "open-restaurant")
        assert item["promise"]["value"] == 6 and item["version"] == package["version"] == 2
        assert item["facts"]["sample_form"]
        assert (
            finding.search(session, finding.Wanted(query="食品经营许可"))["items"][0]["promise"]["value"] == 6
        )
    assert sum(e.subject == "food-licence" for e in events_of(loaded, ProcedurePublished)) == 2


def test_all_or_nothing_and_every_bad_row_is_named_row_a_thousand_too(loaded: Database) -> None:
    shop = bulk.workshop(SAMPLE)
    rows = [generating.filled(shop.templates[m.template], m) for m in shop.made(1_103)]
    rows[0]["tier"] = "z"
    rows[998]["promised"] = {"value": "soon", "unit": "working_days"}
    del rows[998]["title"]["en"]
    with pytest.raises(exchange.BadRows) as bad:
        bring(loaded, "csv", sheets.write("csv", rows))
    told = {(p.row, p.column) for p in bad.value.problems}
    assert told == {(2, "tier"), (1_000, "promised.value"), (1_000, "title.en")}
    assert all(p.zh and p.en for p in bad.value.problems)
    assert len(out(loaded)) == 125


def test_rules_of_the_catalogue_are_told_by_row_and_column(loaded: Database) -> None:
    contents = out(loaded)[:3]
    contents[1]["basic_code"] = next(c for c in out(loaded) if c["code"] == "food-licence")["basic_code"]
    contents[2]["materials"] = [{"material": "m99", "how": "upload"}]
    with pytest.raises(exchange.BadRows) as bad:
        bring(loaded, "json", sheets.write("json", contents))
    assert {(2, "basic_code"), (3, "materials.0")} <= {(p.row, p.column) for p in bad.value.problems}


def test_a_code_given_twice_is_told_in_both_rows(loaded: Database) -> None:
    one = out(loaded)[0]
    with pytest.raises(exchange.BadRows) as bad:
        bring(loaded, "json", sheets.write("json", [one, one]))
    assert [(p.row, p.column) for p in bad.value.problems] == [(1, "code"), (2, "code")]


def test_a_spreadsheet_takes_no_text_for_a_formula(loaded: Database) -> None:
    one = out(loaded)[0]
    for text in ('=HYPERLINK("https://evil.example")', "+1", "-1", "@SUM(A1)", "'=1"):
        one["title"]["zh"] = text
        written = next(csv.DictReader(io.StringIO(sheets.write("csv", [one]).decode("utf-8-sig"))))
        assert written["title.zh"] == "'" + text
        for kind in ("csv", "xlsx"):
            (row,) = sheets.read(kind, sheets.write(kind, [one]))
            assert row.content["title"]["zh"] == text


def test_codes_stay_texts_and_gb18030_is_read() -> None:
    (row,) = sheets.read(
        "csv",
        "code,basic_code,title.zh,visits\r\nfood,329982001003,食品经营许可证变更,0\r\n".encode("gb18030"),
    )
    assert row.content == {
        "code": "food", "basic_code": "329982001003", "title": {"zh": "食品经营许可证变更"}, "visits": 0
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("json", b"{}"),
        ("json", b"[1]"),
        ("json", b"\xff\xfe"),
        ("json", b"[" * 100_000),
        ("json", b"[]"),
        ("csv", b""),
        ("csv", b"code\r\n"),
        ("csv", b"title\r\nx\r\n"),
        ("csv", b"code,code\r\na,b\r\n"),
        ("csv", b"PK\x03\x04\x00\x00"),
        ("xlsx", b"not a zip"),
        ("xlsx", b"PK\x03\x04broken"),
        ("exe", b"MZ"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_told(kind: str, data: bytes) -> None:
    with pytest.raises(sheets.Unreadable) as error:
        sheets.read(kind, data)
    assert error.value.zh and error.value.en


def test_nothing_can_be_imported_into_an_empty_catalogue(database: Database) -> None:
    with pytest.raises(exchange.NoCity):
        bring(database, "csv", b"code\r\nfood\r\n")
