"""Where a request comes from."""

from flask import request

from chassis.peers import client_address


def address() -> str:
    """The caller's address, as the last trusted proxy saw it."""
    return client_address(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))
