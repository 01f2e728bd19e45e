"""What a webhook promises: what is signed, when it is tried again, where it may point.

Signatures follow Standard Webhooks 1.0: HMAC-SHA256 over ``id.timestamp.body``, one for each secret that
counts, so that a receiver can change over at leisure.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal
from urllib.parse import urlsplit

from contracts import Event, approval

DeliveryState = Literal["waiting", "trying", "delivered", "given_up"]
EndpointState = Literal["active", "paused"]
Why = Literal["by_hand", "gone", "given_up"]

EVENTS: tuple[type[Event], ...] = (
    approval.BranchOpened,
    approval.BranchClaimed,
    approval.BranchReleased,
    approval.BranchSuspended,
    approval.BranchResumed,
    approval.BranchAnswered,
    approval.BranchSilent,
    approval.BranchOverdue,
    approval.BranchDropped,
)
"""What a department may be told of its own branches."""
TYPES = tuple(e.type for e in EVENTS)
TEST = "webhook.test"

RETRY_AFTER = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 21600, 28800)  # seconds
GIVE_UP_AFTER = timedelta(hours=24)
OVERLAP = timedelta(hours=24)
LEASE = timedelta(minutes=5)
MOST_ENDPOINTS = 10
SECRET_BYTES = 32
PREFIX = "whsec_"

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


class UnknownEndpoint(LookupError):
    """No such webhook, or another department's."""


class TooManyEndpoints(Exception):
    """A department has `MOST_ENDPOINTS` already."""


class BadAddress(ValueError):
    """An address no webhook may have; ``reason`` is a code."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook points."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        standard = {"https": 443, "http": 80}[self.scheme]
        return host if self.port == standard else f"{host}:{self.port}"


def target_of(url: str) -> Target:
    """Take an address apart; raises `BadAddress`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress("address") from None
    if parts.scheme not in ("https", "http"):
        raise BadAddress("scheme")
    if not parts.hostname or parts.fragment or any(c.isspace() for c in url):
        raise BadAddress("address")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("login")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port or {"https": 443, "http": 80}[parts.scheme], path)


def check_reachable(target: Target, addresses: Iterable[str], inner: Iterable[Network]) -> str:
    """The address to call, out of those the host's name stands for; raises `BadAddress`.

    Every one must be public or within a network the city has named (``inner``); plain HTTP is for those
    networks alone. All are looked at, so that a name can't hide an inner address behind a public one.
    """
    found = [_plain(ip_address(a.partition("%")[0])) for a in addresses]
    if not found:
        raise BadAddress("unknown_host")
    networks = tuple(inner)
    for address in found:
        named = any(address in network for network in networks)
        if not named and (not address.is_global or address.is_multicast):
            raise BadAddress("inner_address")
        if not named and target.scheme == "http":
            raise BadAddress("not_encrypted")
    return str(found[0])


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address.sixtofour or _behind_nat64(address) or address
    return address


def _behind_nat64(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in IPv6Network("64:ff9b::/96") else None


def written(secret: bytes) -> str:
    """A secret as it is shown to people."""
    return PREFIX + b64encode(secret).decode()


def sign(secrets: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature``."""
    content = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    digests = (hmac.digest(b64decode(s.removeprefix(PREFIX)), content, sha256) for s in secrets)
    return " ".join(f"v1,{b64encode(digest).decode()}" for digest in digests)


def next_try(attempts: int, first: datetime, now: datetime) -> datetime | None:
    """When to try again after ``attempts`` tries, the first of which was due at ``first``; None: never."""
    if now - first >= GIVE_UP_AFTER:
        return None
    wait = timedelta(seconds=RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1])
    return min(now + wait, first + GIVE_UP_AFTER)
