"""A Flask request as Authlib reads it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Payload, OAuth2Request
from flask import Request
from werkzeug.datastructures import MultiDict

LONGEST = 4096


class Payload(OAuth2Payload):
    """The parameters of the query (GET) or of the form (POST), never a mixture of both."""

    def __init__(self, values: MultiDict[str, str]):
        self._values = values

    @property
    def data(self) -> MultiDict[str, str]:
        return self._values

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {name: self._values.getlist(name) for name in self._values})


class ReadRequest(OAuth2Request):
    """TLS ends at the gate in front of all services, which alone is open to the outside: whether it was
    used is its business. Raises `InvalidRequestError` for what no client would send."""

    def __init__(self, request: Request):
        super().__init__(request.method, f"https://onewindow{request.path}", headers=request.headers)
        values = request.form if request.method == "POST" else request.args
        self.payload = Payload(MultiDict(values))
        self._form = request.form
        self._args = request.args
        for name, value in values.items(multi=True):
            if len(value) > LONGEST or not (name + value).isprintable():
                raise InvalidRequestError("A parameter is too long, or has characters that can't be.")

    @property
    def form(self) -> Any:
        return self._form

    @property
    def args(self) -> Any:
        return self._args
