"""Packed answers, and form tokens that packing doesn't give away."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from services.portal.session import Session
from tests.unit.portal.conftest import Browser

Visit = Callable[..., Browser]
GZIP = {"Accept-Encoding": "gzip, deflate"}


@pytest.mark.parametrize("path", ["/", "/styles.css?v=1", "/static/desk.css?v=1", "/static/live.js?v=1"])
def test_pages_styles_and_scripts_are_packed_for_who_takes_it(visit: Visit, path: str) -> None:
    client = visit().client
    with client.get(path) as plain, client.get(path, headers=GZIP) as packed:
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in plain.headers["Vary"] and "Accept-Encoding" in packed.headers["Vary"]
        assert gzip.decompress(packed.data) == plain.data
        assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2


def test_a_packed_file_that_has_not_changed_is_not_sent_again(visit: Visit) -> None:
    client = visit().client
    with client.get("/static/desk.css?v=1", headers=GZIP) as first:
        tag = first.headers["ETag"]
    with client.get("/static/desk.css?v=1", headers=GZIP | {"If-None-Match": tag}) as again:
        assert again.status_code == 304


def test_streams_and_redirects_are_not_packed(visit: Visit) -> None:
    client = visit("heji").client
    with client.get("/stream/space", headers=GZIP) as stream:
        assert "Content-Encoding" not in stream.headers
    assert "Content-Encoding" not in client.get("/cases", headers=GZIP).headers


def test_form_tokens_look_different_each_time_and_are_all_known() -> None:
    mine, other = Session(), Session()
    first, second = mine.form_token(), mine.form_token()
    assert first != second
    assert mine.knows(first) and mine.knows(second)
    for wrong in ("", "x", first[:-4], other.form_token(), "字", mine.csrf):
        assert not mine.knows(wrong)
