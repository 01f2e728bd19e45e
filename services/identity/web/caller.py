"""Where a request comes from."""

from flask import request

from chassis.peers import client_address
from chassis.web import caller


def address() -> str:
    """The caller's address, as the last trusted proxy saw it."""
    return client_address(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))


def holder() -> str:
    """Whose space is meant: the caller's own, or that of whom the caller acts for."""
    who = caller()
    return str(getattr(who, "principal", None) or who.account_id)
