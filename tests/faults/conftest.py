from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PostgresServer, RabbitServer
from tests.faults.harness import Probe


@pytest.fixture
def bare_probe(tmp_path: Path, rabbit: RabbitServer, postgres: PostgresServer) -> Iterator[Probe]:
    """A probe on a database of its own and an empty broker; `Probe.prepare` is still to come."""
    rabbit.reset()
    probe = Probe(tmp_path, postgres.create_database(tmp_path.name), rabbit.url)
    yield probe
    probe.close()


@pytest.fixture
def probe(bare_probe: Probe) -> Probe:
    bare_probe.prepare()
    return bare_probe
