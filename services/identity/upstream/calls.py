"""Calls to a provider: short, bounded in time and size, never along a redirect."""

from __future__ import annotations

import json
import time
from typing import Any

import requests

from services.identity.domain.upstreams import UpstreamAway

TIMEOUT = (3.0, 5.0)
"""Seconds to connect, and between two pieces of an answer."""
WITHIN_S = 8.0
LARGEST = 256 * 1024


def http_session(ca_file: str | None = None) -> requests.Session:
    """Connections of its own; it keeps no cookies of whoever signs in."""
    session = requests.Session()
    session.trust_env = False
    if ca_file is not None:
        session.verify = ca_file
    return session


def fetch(http: requests.Session, method: str, address: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of an answer. Raises `UpstreamAway` for everything else."""
    deadline = time.monotonic() + WITHIN_S
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"} | arguments.pop("headers", {})
    try:
        with http.request(
            method, address, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True, **arguments
        ) as answer:
            body = _body(answer, deadline)
            status = answer.status_code
    except (requests.RequestException, OSError) as error:
        raise UpstreamAway(type(error).__name__) from None
    finally:
        http.cookies.clear()
    if status >= 500 or 300 <= status < 400:
        raise UpstreamAway(f"answered {status}")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise UpstreamAway("answered no JSON") from None
    if not isinstance(found, dict):
        raise UpstreamAway("answered no JSON object")
    return status, found


def _body(answer: requests.Response, deadline: float) -> bytes:
    body = b""
    for piece in answer.iter_content(16 * 1024):
        body += piece
        if len(body) > LARGEST:
            raise UpstreamAway("answered too much")
        if time.monotonic() > deadline:
            raise UpstreamAway("answered too slowly")
    return body
