"""A folder on this machine."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from chassis.offload import offload
from chassis.storage.vault import MissingFile, StorageAway


class Folder:
    """Files in 256 folders by the first two letters of their names.

    A file appears whole or not at all: it is written beside its place, synced, and renamed.
    """

    def __init__(self, root: Path):
        self._root = root

    def put(self, name: str, sealed: bytes) -> None:
        try:
            offload(_write, self._path(name), sealed)
        except OSError as error:
            raise StorageAway(str(error)) from error

    def replace(self, name: str, sealed: bytes) -> None:
        try:
            if self._path(name).exists():  # deleted meanwhile: it stays so
                offload(_replace, self._path(name), sealed)
        except OSError as error:
            raise StorageAway(str(error)) from error

    def names(self) -> Iterator[str]:
        return (path.name for path in self._root.glob("??/*") if not path.name.startswith("."))

    def get(self, name: str) -> bytes:
        try:
            return offload(self._path(name).read_bytes)
        except FileNotFoundError:
            raise MissingFile(name) from None
        except OSError as error:
            raise StorageAway(str(error)) from error

    def delete(self, name: str) -> None:
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise StorageAway(str(error)) from error

    def _path(self, name: str) -> Path:
        return self._root / name[:2] / name


def _write(path: Path, sealed: bytes) -> None:
    if not path.exists():
        _replace(path, sealed)


def _replace(path: Path, sealed: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)
    _sync_folder(path.parent.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
