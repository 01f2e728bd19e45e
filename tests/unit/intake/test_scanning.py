"""Infected files: the test string, and a small clamd of our own."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.intake.scanning import EICAR, Clamd, ScannerAway, find_test_virus, scanner_of
from tests.unit.intake.paper_shop import PDF, office_file


class FakeClamd:
    """Speaks INSTREAM as clamd does, and finds the test string."""

    def __init__(self, listener: socket.socket):
        self.listener = listener
        self.received: list[bytes] = []
        self.says: bytes | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                assert stream.read(10) == b"zINSTREAM\0"
                content = b""
                while size := struct.unpack("!I", stream.read(4))[0]:
                    content += stream.read(size)
                self.received.append(content)
                found = b"stream: Eicar-Signature FOUND\0" if EICAR in content else b"stream: OK\0"
                connection.sendall(self.says if self.says is not None else found)


@pytest.fixture(params=["tcp", "unix"])
def clamd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[FakeClamd, Clamd]]:
    if request.param == "tcp":
        listener = socket.create_server(("127.0.0.1", 0))
        address = f"clamd://127.0.0.1:{listener.getsockname()[1]}"
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(tmp_path / "clamd"))
        listener.listen()
        address = f"clamd://{tmp_path / 'clamd'}"
    fake = FakeClamd(listener)
    yield fake, Clamd(address)
    fake.stop()


def test_a_clean_file_passes_however_long_it_is(clamd: tuple[FakeClamd, Clamd]) -> None:
    fake, scanner = clamd
    content = PDF * 1000
    assert scanner.scan(content) is None
    assert fake.received == [content]


def test_an_infected_file_is_named(clamd: tuple[FakeClamd, Clamd]) -> None:
    assert clamd[1].scan(b"before" + EICAR) == "Eicar-Signature"


@pytest.mark.parametrize("answer", [b"", b"INSTREAM size limit exceeded. ERROR\0"])
def test_a_scanner_that_gives_no_verdict_is_away(clamd: tuple[FakeClamd, Clamd], answer: bytes) -> None:
    fake, scanner = clamd
    fake.says = answer
    with pytest.raises(ScannerAway):
        scanner.scan(PDF)


def test_a_scanner_that_does_not_answer_is_away(tmp_path: Path) -> None:
    with pytest.raises(ScannerAway):
        Clamd(f"clamd://{tmp_path / 'nobody'}").scan(PDF)


def test_without_an_address_there_is_no_scanner_and_another_kind_is_refused() -> None:
    assert scanner_of("") is None
    with pytest.raises(ValueError, match="clamd"):
        scanner_of("http://scanner")


def test_the_test_string_is_found_anywhere_packed_or_not() -> None:
    assert find_test_virus(PDF) is None
    assert find_test_virus(PDF + EICAR)
    assert find_test_virus(office_file("docx", **{"word/media/a.txt": EICAR}))
    assert find_test_virus(office_file("docx")) is None
    assert find_test_virus(b"PK\x03\x04 broken") is None
