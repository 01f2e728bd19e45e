"""Since when somebody has been asked to sign in again: a sealed time that travels with the request."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

from chassis.sealing import BrokenSeal, Sealer

PARAMETER = "asked"


def stamp(master_key: bytes, now: datetime) -> str:
    """The time, for the address of the sign-in page."""
    sealed = Sealer(master_key, "identity.asked").seal(str(now.timestamp()).encode())
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def read(master_key: bytes, text: str) -> datetime | None:
    """The time; None when it was not stamped here."""
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return datetime.fromtimestamp(float(Sealer(master_key, "identity.asked").open(sealed)), UTC)
    except (BrokenSeal, ValueError):
        return None
