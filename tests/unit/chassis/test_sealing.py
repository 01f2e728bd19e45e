"""Key versions: the file, what opens what, and processes that meet a version they don't know."""

from __future__ import annotations

import stat
from base64 import b64encode
from pathlib import Path

import pytest

from chassis.sealing import (
    BadKeyFile,
    BrokenSeal,
    MasterKey,
    Sealer,
    blind_index,
    blind_indexes,
    derive,
    read_master_key,
)

KEY = b64encode(b"k" * 32).decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secret" / "master.key"


def test_a_new_file_is_the_owners_alone_and_read_the_same_by_the_next(file: Path) -> None:
    first, second = read_master_key(file), read_master_key(file)
    assert first == second and first.versions == second.versions == {1: bytes(first)}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_of_one_key_opens_what_plain_bytes_have_sealed(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(KEY)
    sealed = Sealer(b"k" * 32, "columns").seal(b"text")
    assert sealed[:1] == b"\x01"
    assert Sealer(read_master_key(file), "columns").open(sealed) == b"text"


def test_the_newest_version_seals_and_older_ones_open(file: Path) -> None:
    old = read_master_key(file)
    sealed = Sealer(old, "columns").seal(b"text")
    old.with_version(2, b"n" * 32).write(file)
    new = read_master_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Sealer(new, "columns").seal(b"x")[:1] == b"\x02"
    assert Sealer(new, "columns").open(sealed) == b"text"
    assert derive(new, "query-code") == derive(old, "query-code"), "printed codes stay"


def test_a_process_that_meets_an_unknown_version_looks_at_the_file_again(file: Path) -> None:
    old = read_master_key(file)
    running = Sealer(old, "columns")
    running.seal(b"before")
    old.with_version(2, b"n" * 32).write(file)
    sealed = Sealer(read_master_key(file), "columns").seal(b"after")
    assert running.open(sealed) == b"after"
    assert running.seal(b"x")[:1] == b"\x02"


def test_a_removed_version_opens_nothing_any_more(file: Path) -> None:
    both = read_master_key(file).with_version(2, b"n" * 32)
    first = Sealer(MasterKey(both, {1: both.versions[1]}), "columns").seal(b"text")
    with pytest.raises(BrokenSeal, match="unknown key version"):
        Sealer(both.without_version(1), "columns").open(first)


def test_a_value_under_another_versions_mark_is_broken() -> None:
    both = MasterKey(b"k" * 32).with_version(2, b"n" * 32)
    sealed = Sealer(both, "columns").seal(b"text")
    with pytest.raises(BrokenSeal, match="does not match"):
        Sealer(both, "columns").open(b"\x01" + sealed[1:])
    with pytest.raises(BrokenSeal):
        Sealer(both, "columns").open(b"")


def test_a_file_that_breaks_while_running_changes_nothing(file: Path) -> None:
    keys = read_master_key(file)
    sealed = Sealer(keys, "columns").seal(b"text")
    file.write_text("root")
    keys.look_again()
    assert Sealer(keys, "columns").open(sealed) == b"text"
    file.unlink()
    keys.look_again()
    assert Sealer(keys, "columns").open(sealed) == b"text"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "shorter",
        f"1 {KEY}",
        f"root {KEY}",
        f"root {KEY}\n1 {KEY}\n1 {KEY}",
        f"root {KEY}\n0 {KEY}",
        f"root {KEY}\n256 {KEY}",
        f"root {KEY}\n1 {KEY} more",
        f"root {KEY}\n1 abc",
        f"root {KEY}\none {KEY}",
    ],
)
def test_a_bad_file_is_refused_and_no_key_is_shown(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(BadKeyFile) as refused:
        read_master_key(file)
    assert KEY not in str(refused.value)


def test_a_number_is_found_by_the_index_of_every_version() -> None:
    old = MasterKey(b"k" * 32)
    new = old.with_version(2, b"n" * 32)
    assert blind_indexes(new, "id", "1") == [blind_index(new, "id", "1"), blind_index(old, "id", "1")]
    assert blind_index(new, "id", "1") != blind_index(new, "id", "2")
