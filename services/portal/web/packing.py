"""Answers packed with gzip for browsers that take it: pages as they are made, static files once."""

from __future__ import annotations

import gzip
from functools import lru_cache

from flask import Response, request

PACKED = {
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "application/json",
    "image/svg+xml",
}
WORTH_IT = 500  # bytes; less than that gains nothing
LEVEL = 6


def pack(response: Response) -> Response:
    """Streams, files that are packed already and small answers stay as they are."""
    if response.mimetype not in PACKED or response.status_code != 200 or request.method != "GET":
        return response
    response.vary.add("Accept-Encoding")
    if "Content-Encoding" in response.headers or not request.accept_encodings["gzip"]:
        return response
    is_static = request.endpoint == "static"
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


@lru_cache(maxsize=64)
def _packed_once(content: bytes) -> bytes:
    return gzip.compress(content, 9)
