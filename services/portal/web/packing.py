"""Answers packed with gzip for browsers that take it: pages as they are made, static files once."""

from __future__ import annotations

import gzip
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Response, request

PACKED = {
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "application/json",
    "image/svg+xml",
}
STATIC = Path(__file__).parents[1] / "static"
SHEETS = ("desk", "parts", "river", "forms", "pages", "find", "firms")
WORTH_IT = 500  # bytes; less than that gains nothing
LEVEL = 6


def pack(response: Response) -> Response:
    """Streams, files that are packed already and small answers stay as they are."""
    if response.mimetype not in PACKED or response.status_code != 200 or request.method != "GET":
        return response
    response.vary.add("Accept-Encoding")
    if "Content-Encoding" in response.headers or not request.accept_encodings["gzip"]:
        return response
    is_static = request.endpoint in ("static", "public.styles")
    if response.is_streamed and not is_static:
        return response
    response.direct_passthrough = False
    content = response.get_data()
    if len(content) < WORTH_IT:
        return response
    response.set_data(_packed_once(content) if is_static else gzip.compress(content, LEVEL))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    etag, _ = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)
    return response


@cache
def styles() -> str:
    """The style sheets of every page as one: on a phone each request costs a round trip."""
    return "".join((STATIC / f"{name}.css").read_text(encoding="utf-8") for name in SHEETS)


@cache
def styles_version() -> str:
    return sha256(styles().encode()).hexdigest()[:10]


@lru_cache(maxsize=64)
def _packed_once(content: bytes) -> bytes:
    return gzip.compress(content, 9)
