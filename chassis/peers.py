"""Who is at the other end of a request, proxies seen through."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network


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
