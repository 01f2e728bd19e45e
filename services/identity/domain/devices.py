"""Where somebody signed in from, kept as little as is of use to its owner."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address

BROWSERS = (
    ("wechat", "MicroMessenger/"),
    ("edge", "Edg/"),
    ("edge", "EdgA/"),
    ("opera", "OPR/"),
    ("firefox", "Firefox/"),
    ("firefox", "FxiOS/"),
    ("chrome", "Chrome/"),
    ("chrome", "CriOS/"),
    ("safari", "Safari/"),
)
SYSTEMS = (
    ("harmony", "HarmonyOS"),
    ("harmony", "OpenHarmony"),
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("mac", "Mac OS X"),
    ("linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Origin:
    """``device`` as ``<browser>/<system>`` families, ``address`` with its end hidden."""

    device: str = "other/other"
    address: str = ""

    @classmethod
    def of(cls, user_agent: str, address: str) -> Origin:
        """What is kept of a request: never its whole User-Agent, never its whole address."""
        browser = next((name for name, mark in BROWSERS if mark in user_agent), "other")
        system = next((name for name, mark in SYSTEMS if mark in user_agent), "other")
        return cls(f"{browser}/{system}", masked_address(address))


def masked_address(address: str) -> str:
    """203.0.113.7 as 203.0.113.*, 2001:db8:1:2::5 as 2001:db8:1:*; empty when it is no address."""
    try:
        found = ip_address(address.partition("/")[0])
    except ValueError:
        return ""
    if isinstance(found, IPv4Address):
        return f"{str(found).rpartition('.')[0]}.*"
    return ":".join(f"{int(part, 16):x}" for part in found.exploded.split(":")[:3]) + ":*"
