from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from chassis import clock

LONG_AGO = datetime(2026, 9, 29, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_time_afterwards() -> Iterator[None]:
    yield
    clock.stand_at(None)


def test_the_clock_is_the_machines_own() -> None:
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_a_clock_that_stands_elsewhere_goes_on_from_there() -> None:
    clock.stand_at(LONG_AGO)
    assert LONG_AGO <= clock.now() < LONG_AGO + timedelta(seconds=1)
    assert clock.seconds() == pytest.approx(LONG_AGO.timestamp(), abs=1)


def test_a_clock_can_be_given_back() -> None:
    clock.stand_at(LONG_AGO)
    clock.stand_at(None)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)
