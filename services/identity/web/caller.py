"""Where a request comes from, and the device it comes from."""

from flask import Response, after_this_request, request

from chassis.peers import client_address
from chassis.web import caller, current_database
from services.identity.devices import COOKIE, LIVES, Device, DeviceSeal
from services.identity.domain import Origin


def address() -> str:
    """The caller's address, as the last trusted proxy saw it."""
    return client_address(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))


def origin() -> Origin:
    """What is kept of where the caller sits."""
    return Origin.of(request.headers.get("User-Agent", ""), address())


def device() -> Device:
    """The device at hand, as its cookie says."""
    return _seal().read(request.cookies.get(COOKIE))


def remember_device(account_id: str) -> None:
    """Have the answer say that this account has signed in here."""
    known = device().with_account(account_id)

    @after_this_request
    def keep(response: Response) -> Response:
        response.set_cookie(
            COOKIE,
            _seal().write(known),
            max_age=int(LIVES.total_seconds()),
            path="/",
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
        return response


def _seal() -> DeviceSeal:
    return DeviceSeal(current_database().config.master_key)


def holder() -> str:
    """Whose space is meant: the caller's own, or that of the firm the caller acts for."""
    return caller().principal
