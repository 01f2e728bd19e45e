"""Files outside the database, in a folder and in an object store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from moto.server import ThreadedMotoServer

from chassis.config import Config
from chassis.fakes.database import scratch_config
from chassis.storage import MissingFile, StorageAway, Vault, open_vault
from chassis.storage.objects import ObjectStore
from chassis.storage.vault import digest_of

CONTENT = "租赁合同".encode() * 100


@pytest.fixture(scope="module")
def object_store() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"s3://key:se%2Fcret@{host}:{port}/attachments?secure=no"
    ObjectStore(url)._client.make_bucket("attachments")
    yield url
    server.stop()


@pytest.fixture(params=["folder", "object store"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    if request.param == "folder":
        return scratch_config("intake", tmp_path)
    return scratch_config("intake", tmp_path, storage_url=request.getfixturevalue("object_store"))


@pytest.fixture
def vault(config: Config) -> Vault:
    return open_vault(config)


def test_what_was_put_in_comes_out_under_its_digest(vault: Vault) -> None:
    digest = vault.put(CONTENT)
    assert digest == digest_of(CONTENT)
    assert vault.get(digest) == CONTENT


def test_the_same_content_lies_there_once(vault: Vault) -> None:
    assert vault.put(b"same") == vault.put(b"same")


def test_what_was_let_go_of_is_missing_and_letting_go_again_is_fine(vault: Vault) -> None:
    digest = vault.put(b"for a while")
    vault.delete(digest)
    vault.delete(digest)
    with pytest.raises(MissingFile):
        vault.get(digest)
    assert vault.put(b"for a while") == digest
    assert vault.get(digest) == b"for a while"


def test_nothing_readable_lies_on_the_disk_and_what_was_changed_there_is_refused(tmp_path: Path) -> None:
    vault = open_vault(scratch_config("intake", tmp_path))
    digest = vault.put(CONTENT)
    path = tmp_path / "files" / digest[:2] / digest
    lying = path.read_bytes()
    assert CONTENT[:12] not in lying
    path.write_bytes(lying[:-1] + bytes([lying[-1] ^ 1]))
    with pytest.raises(MissingFile):
        vault.get(digest)


def test_a_file_of_another_key_is_missing(tmp_path: Path) -> None:
    digest = open_vault(scratch_config("intake", tmp_path)).put(CONTENT)
    with pytest.raises(MissingFile):
        open_vault(scratch_config("intake", tmp_path)).get(digest)


def test_many_who_store_the_same_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    vault = open_vault(scratch_config("intake", tmp_path))
    content = CONTENT * 100
    threads = [threading.Thread(target=vault.put, args=(content,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert vault.get(digest_of(content)) == content
    assert len([p for p in (tmp_path / "files").rglob("*") if p.is_file()]) == 1


def test_a_folder_that_cant_be_written_is_away(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")
    vault = open_vault(scratch_config("intake", tmp_path))
    with pytest.raises(StorageAway):
        vault.put(CONTENT)


def test_an_object_store_that_doesnt_answer_is_away(object_store: str, tmp_path: Path) -> None:
    nobody = urlsplit(object_store)._replace(netloc="key:secret@127.0.0.1:9").geturl()
    vault = open_vault(scratch_config("intake", tmp_path, storage_url=nobody))
    for call in (lambda: vault.put(CONTENT), lambda: vault.get("0" * 64), lambda: vault.delete("0" * 64)):
        with pytest.raises(StorageAway):
            call()


def test_another_kind_of_storage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no storage"):
        open_vault(scratch_config("intake", tmp_path, storage_url="ftp://somewhere"))
