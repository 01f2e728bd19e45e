"""Private servers for the whole session: started when a test first wants them, gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.servers import PostgresServer, RabbitServer

__all__ = ["PostgresServer", "RabbitServer"]


@pytest.fixture(scope="session")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    with RabbitServer(tmp_path_factory.mktemp("rabbit")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with PostgresServer(tmp_path_factory.mktemp("postgres")) as server:
        yield server
