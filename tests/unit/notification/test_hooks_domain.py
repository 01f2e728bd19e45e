"""What is signed, when it is tried again, where a webhook may point."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from services.notification.hooks.domain import (
    GIVE_UP_AFTER,
    RETRY_AFTER,
    BadAddress,
    check_reachable,
    next_try,
    sign,
    target_of,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CITY = (ip_network("10.20.0.0/16"), ip_network("fd00:20::/32"))
PUBLIC = "93.184.215.14"


def test_a_signature_is_that_of_the_standards_own_example() -> None:
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    signed = sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_secrets_sign_side_by_side() -> None:
    one, other = (sign([s], "m", 1, b"x") for s in ("whsec_AAAA", "whsec_BBBB"))
    assert sign(["whsec_AAAA", "whsec_BBBB"], "m", 1, b"x") == f"{one} {other}"


def test_it_is_tried_again_ever_more_seldom_until_a_day_is_over() -> None:
    now, tries = NOON, []
    while (again := next_try(len(tries) + 1, NOON, now)) is not None:
        tries.append((again - now).total_seconds())
        now = again
    assert tries[: len(RETRY_AFTER)] == sorted(tries[: len(RETRY_AFTER)])
    assert now == NOON + GIVE_UP_AFTER
    assert next_try(1, NOON, NOON + timedelta(days=2)) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://it.example/x", "scheme"),
        ("it.example/x", "scheme"),
        ("https:///x", "address"),
        ("https://it.example:99999/", "address"),
        ("https://it.example/x#top", "address"),
        ("https://it.example/a b", "address"),
        ("https://user:secret@it.example/x", "login"),
        ("https://[::1", "address"),
    ],
)
def test_some_addresses_are_none(url: str, reason: str) -> None:
    with pytest.raises(BadAddress) as refused:
        target_of(url)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
    ],
)
def test_no_webhook_points_at_an_inner_address_in_any_writing(address: str) -> None:
    for found in ([address], [PUBLIC, address]):
        with pytest.raises(BadAddress) as refused:
            check_reachable(target_of("https://it.example/x"), found, CITY)
        assert refused.value.reason == "inner_address"


def test_the_networks_a_city_names_may_be_called_also_without_encryption() -> None:
    assert check_reachable(target_of("http://it.example/x"), ["10.20.3.4"], CITY) == "10.20.3.4"
    assert check_reachable(target_of("https://it.example/x"), ["fd00:20::7"], CITY) == "fd00:20::7"
    assert check_reachable(target_of("https://it.example/x"), [PUBLIC], CITY) == PUBLIC
    for url, found, reason in (
        ("http://it.example/x", [PUBLIC], "not_encrypted"),
        ("https://it.example/x", [], "unknown_host"),
    ):
        with pytest.raises(BadAddress) as refused:
            check_reachable(target_of(url), found, CITY)
        assert refused.value.reason == reason


def test_an_address_keeps_its_port_in_the_host_line_where_it_is_not_the_usual_one() -> None:
    assert target_of("https://it.example/x?y=1").authority == "it.example"
    assert target_of("https://it.example:8443").authority == "it.example:8443"
    assert target_of("http://[fd00:20::7]:8080/").authority == "[fd00:20::7]:8080"
