"""What a sign-in and its further steps share: the device, and the step that is asked for."""

from __future__ import annotations

from flask import Response, request

from services.portal.clients import Refused
from services.portal.session import DEVICE_COOKIE
from services.portal.web.portal import go, session

DEVICE_KEPT_S = 180 * 24 * 3600
STEPS = {"second-factor-needed": "steps.second_factor", "new-password-needed": "steps.new_password"}


def begin_step(refused: Refused, wanted: str) -> Response | None:
    """The page of the step identity asks for, which goes on to ``wanted``; None when it asks for none."""
    if refused.slug not in STEPS:
        return None
    mine = session()
    mine.is_new = False
    mine.step = {
        "kind": refused.slug,
        "challenge": refused.problem["challenge"],
        "enrolled": bool(refused.problem.get("enrolled", True)),
        "next": wanted,
    }
    return go(STEPS[refused.slug])


def device() -> str:
    """By what identity knows this device again; empty when it does not."""
    return request.cookies.get(DEVICE_COOKIE, "")


def keep_device(response: Response, known_device: str) -> Response:
    """Have the browser keep what identity said about it."""
    if known_device:
        response.set_cookie(
            DEVICE_COOKIE,
            known_device,
            max_age=DEVICE_KEPT_S,
            path="/",
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return response
