"""The city in both modes: every scenario runs embedded and on RabbitMQ and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.platform import Platform
from deploy.local.stack import Stack
from tests.e2e.city import City


@pytest.fixture(scope="package")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with Platform(tmp_path_factory.mktemp("embedded")) as platform:
        yield City(platform.urls)


@pytest.fixture(scope="package")
def distributed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with Stack(tmp_path_factory.mktemp("stack"), durable=False) as stack:
        yield City(stack.urls)


@pytest.fixture(params=["embedded", "distributed"])
def city(request: pytest.FixtureRequest) -> City:
    found: City = request.getfixturevalue(request.param)
    return found
