"""The providers of this process, each with its client and what that remembers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import requests
from flask import Flask, current_app

from services.identity.domain.upstreams import UnknownUpstream
from services.identity.upstream.client import UpstreamClient
from services.identity.upstream.settings import Upstream

NAME = "identity.upstreams"


class Upstreams:
    """By their slugs, in the order of the settings."""

    def __init__(self, settings: Iterable[Upstream], public_url: str, http: requests.Session | None = None):
        self._clients = {
            one.slug: UpstreamClient(one, f"{public_url}/sign-in/from/{one.slug}", http) for one in settings
        }

    def client(self, slug: str) -> UpstreamClient:
        """Raises `UnknownUpstream`."""
        if slug not in self._clients:
            raise UnknownUpstream(slug)
        return self._clients[slug]

    def all(self) -> list[Upstream]:
        return [client.upstream for client in self._clients.values()]

    def install(self, app: Flask) -> None:
        app.extensions[NAME] = self


def upstreams() -> Upstreams:
    """Those of the application at hand."""
    return cast(Upstreams, current_app.extensions[NAME])
