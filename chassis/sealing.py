"""Encryption at rest: AES-256-GCM with a key version in front of every sealed value."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import b64decode, b64encode
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"


class BrokenSeal(ValueError):
    """A sealed value that this key did not seal, or that was changed since."""


def read_master_key(path: Path) -> bytes:
    """Read the 32-byte master key from ``path``; make one (mode 0600) where there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(b64encode(secrets.token_bytes(32)))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return b64decode(path.read_bytes())


class Sealer:
    """Seals and opens bytes with keys derived from the master key; one derived key per purpose."""

    def __init__(self, master_key: bytes, purpose: str):
        self._aead = AESGCM(derive(master_key, f"seal:{purpose}"))

    def seal(self, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(12)
        return VERSION + nonce + self._aead.encrypt(nonce, plain, VERSION)

    def open(self, sealed: bytes) -> bytes:
        """Raises `BrokenSeal`."""
        if sealed[:1] != VERSION:
            raise BrokenSeal("sealed with an unknown key version")
        try:
            return self._aead.decrypt(sealed[1:13], sealed[13:], VERSION)
        except InvalidTag:
            raise BrokenSeal("the seal does not match") from None


def derive(master_key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose."""
    return hmac.digest(master_key, purpose.encode(), hashlib.sha256)
