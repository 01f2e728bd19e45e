"""Fewer system calls under py-amqp, which sends each message by one of its own and reads each frame by two.

On a loaded machine these calls are most of what a small message costs (docs/adr/0009).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import amqp

READ_AHEAD = 8192


@contextmanager
def gathered(channel: Any) -> Iterator[None]:
    """What the body writes on this channel's connection leaves by one call at its end.

    The body must not wait for anything. When it raises, nothing has left, and the connection is of no more
    use. Other transports than AMQP are left alone.
    """
    if not isinstance(channel, amqp.Channel) or channel.connection is None:
        yield
        return
    transport = channel.connection.transport
    written = bytearray()
    direct, transport._write = transport._write, written.extend
    try:
        yield
    finally:
        transport._write = direct
    if written:
        transport.write(bytes(written))


def read_ahead(channel: Any) -> None:
    """Read from this channel's connection as much as has arrived, up to `READ_AHEAD` bytes a call."""
    if not isinstance(channel, amqp.Channel):
        return
    transport = channel.connection.transport
    receive = transport._quick_recv
    transport._quick_recv = lambda wanted: receive(max(wanted, READ_AHEAD))
