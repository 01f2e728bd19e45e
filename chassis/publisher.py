"""Handing events to the broker and learning which ones it took."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import amqp
from amqp.exceptions import AMQPError
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerUnreachable

from chassis.frames import gathered, read_ahead
from chassis.topology import MEMORY_OPTIONS, departments_keys, exchange_of
from contracts.cloudevents import CONTENT_TYPE

CONFIRM_TIMEOUT_S = 2.0
CONNECT_TIMEOUT_S = 2.0


class Fate(Enum):
    """What became of one message."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    RETURNED = "returned"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message: to everyone bound to the event's exchange, or to ``queue`` alone.

    ``department`` is the one the event concerns; it may hear it, by a further routing key.
    """

    id: int
    event_id: str
    type: str
    body: bytes
    queue: str | None
    headers: dict[str, Any] | None
    department: str | None = None

    @property
    def copies_to(self) -> dict[str, list[str]]:
        """RabbitMQ's header for further routing keys."""
        keys = departments_keys(self.type, self.department) if self.queue is None else []
        return {"CC": keys} if keys else {}


class BrokerLost(ConnectionError):
    """The broker can't be reached; nothing is known about what was handed over."""


class Publisher(Protocol):
    def publish(self, messages: Sequence[Outgoing]) -> dict[int, Fate]:
        """Hand over a batch and wait once for all answers, at most 2 s. Raises `BrokerLost`."""
        ...

    def idle(self) -> None:
        """Called when there is nothing to send: keeps the connection alive."""
        ...

    def close(self) -> None: ...


def open_publisher(broker_url: str) -> Publisher:
    return MemoryPublisher(broker_url) if broker_url.startswith("memory:") else AmqpPublisher(broker_url)


class AmqpPublisher:
    """RabbitMQ, on a connection of its own, so that a blocked publisher never stops acknowledgements."""

    def __init__(self, broker_url: str):
        self._url = broker_url
        self._connection: Connection | None = None
        self._channel: Any = None
        self._fates: dict[int, Fate] = {}
        self._tags: dict[int, Outgoing] = {}
        self._by_event: dict[str, int] = {}
        self._next_tag = 1

    def publish(self, messages: Sequence[Outgoing]) -> dict[int, Fate]:
        try:
            channel = self._open()
            self._fates = {m.id: Fate.UNCONFIRMED for m in messages}
            self._tags, self._by_event = {}, {}
            with gathered(channel):
                for message in messages:
                    self._tags[self._next_tag] = message
                    self._by_event[message.event_id] = message.id
                    self._next_tag += 1
                    self._send(channel, message)
            self._await_confirms()
        except (AMQPError, OSError, BrokerUnreachable) as error:
            self.close()
            raise BrokerLost(str(error)) from error
        if self._tags:
            self.close()
        return self._fates

    def idle(self) -> None:
        if self._connection is None:
            return
        try:
            with suppress(socket.timeout):
                self._connection.drain_events(timeout=0.001)
            self._connection.heartbeat_check()
        except (AMQPError, OSError):
            self.close()

    def close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with suppress(AMQPError, OSError):
                connection.collect(socket_timeout=0.2)

    def _open(self) -> Any:
        if self._channel is None:
            connection = Connection(
                self._url,
                heartbeat=10,
                connect_timeout=CONNECT_TIMEOUT_S,
                transport_options={"read_timeout": 5, "write_timeout": CONFIRM_TIMEOUT_S},
            )
            connection.connect()
            channel = connection.default_channel
            read_ahead(channel)
            channel.confirm_select()
            channel.events["basic_ack"].add(self._on_ack)
            channel.events["basic_nack"].add(self._on_nack)
            channel.events["basic_return"].add(self._on_return)
            self._connection, self._channel, self._next_tag = connection, channel, 1
        return self._channel

    @staticmethod
    def _send(channel: Any, message: Outgoing) -> None:
        to_one_queue = message.queue is not None
        channel._basic_publish(
            channel.prepare_message(
                message.body,
                content_type=CONTENT_TYPE,
                headers=(message.headers or {}) | message.copies_to,
                properties={"delivery_mode": 2, "message_id": message.event_id, "type": message.type},
            ),
            exchange="" if to_one_queue else exchange_of(message.type),
            routing_key=message.queue if to_one_queue else message.type,
            mandatory=to_one_queue,
        )

    def _await_confirms(self) -> None:
        deadline = time.monotonic() + CONFIRM_TIMEOUT_S
        while self._tags and (left := deadline - time.monotonic()) > 0:
            assert self._connection is not None
            try:
                self._connection.drain_events(timeout=left)
            except TimeoutError:
                return

    def _settle(self, tag: int, multiple: bool, fate: Fate) -> None:
        tags = [t for t in self._tags if t <= tag] if multiple else [tag]
        for each in tags:
            message = self._tags.pop(each, None)
            if message is not None and self._fates[message.id] is Fate.UNCONFIRMED:
                self._fates[message.id] = fate

    def _on_ack(self, delivery_tag: int, multiple: bool) -> None:
        self._settle(delivery_tag, multiple, Fate.CONFIRMED)

    def _on_nack(self, delivery_tag: int, multiple: bool, *_: Any) -> None:
        self._settle(delivery_tag, multiple, Fate.REFUSED)

    def _on_return(self, _exception: Any, _exchange: str, _routing_key: str, message: amqp.Message) -> None:
        row = self._by_event.get(message.properties.get("message_id", ""))
        if row is not None:
            self._fates[row] = Fate.RETURNED


class MemoryPublisher:
    """kombu's in-process transport: whatever has a queue is taken at once."""

    def __init__(self, broker_url: str):
        self._connection = Connection(broker_url, transport_options=MEMORY_OPTIONS)
        self._producer = self._connection.Producer(auto_declare=False)

    def publish(self, messages: Sequence[Outgoing]) -> dict[int, Fate]:
        fates = {}
        for message in messages:
            to_one_queue = message.queue is not None
            if to_one_queue and not self._producer.channel._has_queue(message.queue):
                fates[message.id] = Fate.RETURNED
                continue
            self._producer.publish(
                message.body,
                exchange="" if to_one_queue else exchange_of(message.type),
                routing_key=message.queue or message.type,
                content_type=CONTENT_TYPE,
                content_encoding="utf-8",
                headers=message.headers or {},
                message_id=message.event_id,
            )
            fates[message.id] = Fate.CONFIRMED
        return fates

    def idle(self) -> None:
        """Nothing to keep alive."""

    def close(self) -> None:
        self._connection.release()
