"""What services keep files in: content in, its SHA-256 out, and the same content once.

Whoever keeps digests in a database says there what is still needed; a vault forgets nothing by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from chassis.config import Config
from chassis.offload import offload
from chassis.sealing import BrokenSeal, Sealer


class MissingFile(LookupError):
    """Nothing lies under this digest, or not what was put there."""


class StorageAway(Exception):
    """The storage doesn't answer; nothing was kept."""


class Storage(Protocol):
    """Where sealed bytes lie by name. Each method raises `StorageAway`, `get` also `MissingFile`."""

    def put(self, name: str, sealed: bytes) -> None:
        """Keep it; once this returns it outlives a crash. A name that is there already stays."""

    def replace(self, name: str, sealed: bytes) -> None:
        """Put other bytes in the place of what lies under a name, whole or not at all."""

    def get(self, name: str) -> bytes: ...

    def names(self) -> Iterator[str]:
        """Everything that lies here, in no order."""

    def delete(self, name: str) -> None:
        """Let go of it; a name that isn't there is no error."""


class Vault:
    """Seals what goes into a storage and checks what comes out.

    Never call `put` or `get` in a transaction.
    """

    def __init__(self, storage: Storage, sealer: Sealer):
        self._storage = storage
        self._sealer = sealer

    def put(self, content: bytes) -> str:
        """Keep ``content``; returns its digest."""
        digest, sealed = offload(self._seal, content)
        self._storage.put(digest, sealed)
        return digest

    def get(self, digest: str) -> bytes:
        return offload(self._open, digest, self._storage.get(digest))

    def delete(self, digest: str) -> None:
        self._storage.delete(digest)

    def names(self) -> Iterator[str]:
        """The digest of everything that is kept."""
        return self._storage.names()

    def version_of(self, digest: str) -> int:
        """The version of the key that sealed it. Raises `MissingFile`."""
        return self._storage.get(digest)[0]

    def reseal(self, digest: str) -> bool:
        """Seal it by the newest version of the key; False when that had sealed it, or it is gone."""
        try:
            sealed = self._storage.get(digest)
        except MissingFile:
            return False
        if self._sealer.is_newest(sealed):
            return False
        content = offload(self._open, digest, sealed)
        self._storage.replace(digest, offload(self._sealer.seal, content))
        return True

    def _seal(self, content: bytes) -> tuple[str, bytes]:
        return digest_of(content), self._sealer.seal(content)

    def _open(self, digest: str, sealed: bytes) -> bytes:
        try:
            content = self._sealer.open(sealed)
        except BrokenSeal as error:
            raise MissingFile(digest) from error
        if digest_of(content) != digest:
            raise MissingFile(digest)
        return content


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def open_vault(config: Config) -> Vault:
    """The vault that ``config.storage_url`` names; nothing is connected or made before it is used."""
    kind, _, rest = config.storage_url.partition(":")
    storage: Storage
    if kind == "file":
        from chassis.storage.folder import Folder

        storage = Folder(Path(rest))
    elif kind == "s3":
        from chassis.storage.objects import ObjectStore

        storage = ObjectStore(config.storage_url)
    else:
        raise ValueError(f"no storage of the kind {kind!r}: use file:<folder> or s3://…")
    return Vault(storage, Sealer(config.master_key, "files"))
