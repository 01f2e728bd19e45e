"""Calling an address somebody else chose: never an inner one the city hasn't named, never by a detour.

The name is looked up once and exactly that address is called, so that it can't mean another one between the
check and the call. Redirects aren't followed; of the answer only the status is read.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Collection, Mapping
from functools import cache
from ipaddress import ip_network

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError, TimeoutError

from services.notification.hooks.domain import Network, check_reachable, target_of

TIMEOUT = Timeout(connect=3.0, read=10.0, total=15.0)


class NoAnswer(Exception):
    """It could not be reached or did not answer; ``reason`` is a code."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def networks(written: str) -> tuple[Network, ...]:
    """Networks as a setting names them, with commas between; raises ValueError."""
    return tuple(ip_network(part.strip()) for part in written.split(",") if part.strip())


def post(url: str, body: bytes, headers: Mapping[str, str], inner: Collection[Network]) -> int:
    """POST; returns the HTTP status. Raises `BadAddress` and `NoAnswer`. Never inside a transaction."""
    target = target_of(url)
    address = check_reachable(target, _addresses(target.host, target.port), inner)
    pool = (
        HTTPSConnectionPool(
            address,
            target.port,
            server_hostname=target.host,
            assert_hostname=target.host,
            ssl_context=_trusting(),
        )
        if target.scheme == "https"
        else HTTPConnectionPool(address, target.port)
    )
    try:
        answer = pool.urlopen(
            "POST",
            target.path,
            body=body,
            headers={**headers, "Host": target.authority},
            redirect=False,
            retries=False,
            timeout=TIMEOUT,
            preload_content=False,
        )
        answer.close()
        return answer.status
    except SSLError:
        raise NoAnswer("certificate") from None
    except NewConnectionError:
        raise NoAnswer("refused") from None
    except TimeoutError:
        raise NoAnswer("too_slow") from None
    except (HTTPError, OSError):
        raise NoAnswer("broke_off") from None
    finally:
        pool.close()


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(entry[4][0]) for entry in found]


@cache
def _trusting() -> ssl.SSLContext:
    return ssl.create_default_context()
