"""Devices somebody has signed in from: a sealed cookie that gives them a counter of wrong passwords of their
own, so that nobody else at the same address can lock their owner out."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta

from chassis.sealing import BrokenSeal, Sealer

COOKIE = "onewindow_device"
LIVES = timedelta(days=180)
ACCOUNTS_AT_MOST = 5
LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Device:
    """``accounts``: who has signed in here, the latest last."""

    device_id: str = ""
    accounts: tuple[str, ...] = ()

    def knows(self, account_id: str) -> bool:
        return account_id in self.accounts

    def with_account(self, account_id: str) -> Device:
        others = tuple(a for a in self.accounts if a != account_id)
        return Device(self.device_id or secrets.token_urlsafe(9), (*others, account_id)[-ACCOUNTS_AT_MOST:])


class DeviceSeal:
    """Reads and writes the cookie's value; nobody else can."""

    def __init__(self, master_key: bytes):
        self._sealer = Sealer(master_key, "identity.device")

    def read(self, cookie: str | None) -> Device:
        """The device at hand; one that knows nobody when the cookie is missing or not ours."""
        if not cookie or len(cookie) > LONGEST:
            return Device()
        try:
            sealed = urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
            device_id, *accounts = json.loads(self._sealer.open(sealed))
        except (BrokenSeal, ValueError):
            return Device()
        return Device(device_id, tuple(accounts))

    def write(self, device: Device) -> str:
        plain = json.dumps([device.device_id, *device.accounts], separators=(",", ":"))
        return urlsafe_b64encode(self._sealer.seal(plain.encode())).decode().rstrip("=")
