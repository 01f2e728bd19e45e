"""Encryption at rest: AES-256-GCM with the key's version in front of every sealed value.

The key file has a line a key: ``root`` or a version (1–255), a space, 32 bytes in Base64; lines that begin
with ``#`` are comments. The newest version seals, every version opens what it sealed. From ``root`` come
secrets that can't be made anew (query codes on receipts, the passwords of services); it stays. A file that
holds one key and no word is that key as root and as version 1. Processes look at the file again every ten
seconds, and at once when they meet a version they don't know.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROOT = "root"
NEWEST_POSSIBLE = 255
LOOK_EVERY_S = 10.0


class BrokenSeal(ValueError):
    """A sealed value that no key here sealed, or that was changed since."""


class BadKeyFile(ValueError):
    """A key file that can't be read; the text says where."""


class MasterKey(bytes):
    """The root secret, and beside it the versions of the key that seals, as the file has them now."""

    path: Path | None
    versions: dict[int, bytes]
    _looked_at: float
    _stamp: tuple[int, int]

    def __new__(cls, root: bytes, versions: Mapping[int, bytes] | None = None) -> MasterKey:
        made = super().__new__(cls, root)
        made.versions = dict(versions or {1: bytes(root)})
        made.path = None
        made._looked_at, made._stamp = time.monotonic(), (0, 0)
        return made

    @classmethod
    def read(cls, path: Path) -> MasterKey:
        """Raises `BadKeyFile`."""
        stamp = _stamp(path)
        root, versions = _parsed(path.read_text(encoding="ascii"))
        made = cls(root, versions)
        made.path, made._stamp = path, stamp
        return made

    def newest(self) -> int:
        """The version that seals; the file is looked at again now and then."""
        if self.path is not None and time.monotonic() - self._looked_at > LOOK_EVERY_S:
            self.look_again()
        return max(self.versions)

    def look_again(self) -> None:
        """Take over what the file says by now. A file that is away or broken changes nothing."""
        self._looked_at = time.monotonic()
        if self.path is None:
            return
        try:
            stamp = _stamp(self.path)
            if stamp != self._stamp:
                self.versions = _parsed(self.path.read_text(encoding="ascii"))[1]
                self._stamp = stamp
        except (OSError, BadKeyFile):
            return

    def with_version(self, version: int, key: bytes) -> MasterKey:
        """The same with one version more."""
        return MasterKey(self, self.versions | {version: key})

    def without_version(self, version: int) -> MasterKey:
        """The same with one version less."""
        return MasterKey(self, {n: key for n, key in self.versions.items() if n != version})

    def write(self, path: Path) -> None:
        """Put this in place of the file, whole or not at all, for the owner's eyes only."""
        lines = [f"{ROOT} {b64encode(self).decode()}"]
        lines += [f"{version} {b64encode(key).decode()}" for version, key in sorted(self.versions.items())]
        draft = _draft(path, "\n".join(lines) + "\n")
        os.replace(draft, path)


def read_master_key(path: Path) -> MasterKey:
    """Read the keys from ``path``; make one (mode 0600) where there is none. Raises `BadKeyFile`."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = _draft(path, b64encode(secrets.token_bytes(32)).decode())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return MasterKey.read(path)


class Sealer:
    """Seals and opens bytes with keys derived from the master key, one per purpose and version."""

    def __init__(self, master_key: bytes, purpose: str):
        self._keys = versioned(master_key)
        self._purpose = purpose
        self._aeads: dict[bytes, AESGCM] = {}

    def seal(self, plain: bytes) -> bytes:
        version = self._keys.newest()
        nonce, mark = secrets.token_bytes(12), bytes([version])
        return mark + nonce + self._aead(self._keys.versions[version]).encrypt(nonce, plain, mark)

    def open(self, sealed: bytes) -> bytes:
        """Raises `BrokenSeal`."""
        mark = sealed[:1]
        key = self._keys.versions.get(mark[0]) if mark else None
        if key is None and mark:
            self._keys.look_again()
            key = self._keys.versions.get(mark[0])
        if key is None:
            raise BrokenSeal("sealed with an unknown key version")
        try:
            return self._aead(key).decrypt(sealed[1:13], sealed[13:], mark)
        except InvalidTag:
            raise BrokenSeal("the seal does not match") from None

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the version that seals now has sealed it."""
        return sealed[:1] == bytes([self._keys.newest()])

    def _aead(self, key: bytes) -> AESGCM:
        found = self._aeads.get(key)
        if found is None:
            found = self._aeads[key] = AESGCM(derive(key, f"seal:{self._purpose}"))
        return found


def versioned(master_key: bytes) -> MasterKey:
    """The key with its versions; plain bytes are the only version."""
    return master_key if isinstance(master_key, MasterKey) else MasterKey(master_key)


def derive(master_key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose."""
    return hmac.digest(master_key, purpose.encode(), hashlib.sha256)


def blind_index(master_key: bytes, purpose: str, text: str) -> str:
    """A keyed hash by which the same text is found again without being readable; by the newest version."""
    keys = versioned(master_key)
    return _index(keys.versions[keys.newest()], purpose, text)


def blind_indexes(master_key: bytes, purpose: str, text: str) -> list[str]:
    """What `blind_index` is or was by each version: to look up by while a rotation is under way."""
    keys = versioned(master_key)
    keys.newest()
    return [_index(key, purpose, text) for _, key in sorted(keys.versions.items(), reverse=True)]


def _index(key: bytes, purpose: str, text: str) -> str:
    return hmac.digest(derive(key, purpose), text.encode(), hashlib.sha256).hex()


def _parsed(text: str) -> tuple[bytes, dict[int, bytes]]:
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) == 1 and len(lines[0]) == 1:
        key = _key(lines[0][0], 1)
        return key, {1: key}
    root, versions = None, {}
    for number, words in enumerate(lines, 1):
        if len(words) != 2:
            raise BadKeyFile(f"key {number}: a word and a key are needed")
        if words[0] == ROOT:
            root = _key(words[1], number)
        elif words[0].isdecimal() and 1 <= int(words[0]) <= NEWEST_POSSIBLE and int(words[0]) not in versions:
            versions[int(words[0])] = _key(words[1], number)
        else:
            raise BadKeyFile(f"key {number}: not {ROOT} and not a version of its own")
    if root is None or not versions:
        raise BadKeyFile("a root and at least one version are needed")
    return root, versions


def _key(text: str, number: int) -> bytes:
    try:
        key = b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise BadKeyFile(f"key {number}: not 32 bytes in Base64")
    return key


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_ino


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft
