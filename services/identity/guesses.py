"""Wrong passwords cost time, by login and address: nobody can lock out somebody else."""

from __future__ import annotations

from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.ratelimit import Limit
from chassis.tables import attempt


class WrongPasswords(Limit):
    """Counts wrong passwords only (`take`, after the check), so that any number of right ones may come at
    once. While a key waits, a right password is refused like a wrong one: guessing on tells nothing."""

    def waiting(self, key: str, session: Session, now: datetime) -> bool:
        """Whether this key has to wait; `take` then raises the problem that says how long."""
        tries = select(attempt.c["count"], attempt.c.until).where(attempt.c.key == self._key(key))
        row = session.execute(tries).first()
        return row is not None and row[0] >= self.tries and row.until > now


def client_address(peer: str, forwarded: str) -> str:
    """Who is at the other end. A peer inside our own networks (a proxy, the portal) says for whom it asks
    by the last entry of ``X-Forwarded-For``; from anybody else that header means nothing.

    IPv6 addresses count by their /64, since that is what one line is given.
    """
    try:
        named = _network(forwarded.rpartition(",")[2].strip())
    except ValueError:
        named = ""
    try:
        return named if named and ip_address(peer).is_private else _network(peer)
    except ValueError:
        return peer


def _network(text: str) -> str:
    address = ip_address(text)
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))
