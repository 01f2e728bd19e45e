"""Is an uploaded file infected? A check of our own, and ClamAV where the city runs it."""

from __future__ import annotations

import io
import socket
import struct
import zipfile
import zlib
from typing import Protocol
from urllib.parse import urlsplit

from chassis.problems import MIB

TIMEOUT_S = 8.0
CHUNK = 64 * 1024
MAX_UNPACKED = 100 * MIB
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!" + b"$H+H*"


class ScannerAway(Exception):
    """The scanner doesn't answer: the file can't be taken now."""


class Scanner(Protocol):
    def scan(self, content: bytes) -> str | None:
        """The name of what was found, None for a clean file. Raises `ScannerAway`."""


def find_test_virus(content: bytes) -> str | None:
    """The EICAR test string, also inside packed documents. Pure work: may run beside everything else."""
    return "Eicar-Test-Signature" if EICAR in content or _packed_inside(content) else None


class Clamd:
    """ClamAV's daemon, spoken to by INSTREAM: ``clamd://host:port`` or ``clamd:///path/of/socket``."""

    def __init__(self, address: str):
        parts = urlsplit(address)
        self._family = socket.AF_INET if parts.hostname else socket.AF_UNIX
        self._place = (parts.hostname, parts.port or 3310) if parts.hostname else parts.path

    def scan(self, content: bytes) -> str | None:
        try:
            with socket.socket(self._family, socket.SOCK_STREAM) as connection:
                connection.settimeout(TIMEOUT_S)
                connection.connect(self._place)
                answer = _ask(connection, content)
        except OSError as error:
            raise ScannerAway(str(error)) from error
        if answer == "stream: OK":
            return None
        if answer.startswith("stream: ") and answer.endswith(" FOUND"):
            return answer.removeprefix("stream: ").removesuffix(" FOUND")
        raise ScannerAway(answer)


def scanner_of(address: str) -> Scanner | None:
    """The scanner at this address; None for an empty one."""
    if not address:
        return None
    if not address.startswith("clamd://"):
        raise ValueError(f"no scanner is spoken to by {address!r}: use clamd://…")
    return Clamd(address)


def _ask(connection: socket.socket, content: bytes) -> str:
    connection.sendall(b"zINSTREAM\0")
    for start in range(0, len(content), CHUNK):
        chunk = content[start : start + CHUNK]
        connection.sendall(struct.pack("!I", len(chunk)) + chunk)
    connection.sendall(struct.pack("!I", 0))
    answer = b""
    while not answer.endswith(b"\0") and (part := connection.recv(4096)):
        answer += part
    return answer.rstrip(b"\0\n").decode(errors="replace")


def _packed_inside(content: bytes) -> bool:
    if not content.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            if sum(part.file_size for part in parts) > MAX_UNPACKED:
                return False
            return any(EICAR in packed.read(part) for part in parts)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, NotImplementedError, OSError):
        return False
