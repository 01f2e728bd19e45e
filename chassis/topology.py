"""Exchanges, queues and bindings, derived from what the services subscribe to.

One topic exchange a source, one quorum queue a subscription, one binding an event type. Queues carry no
argument but their type, since arguments can't be changed later; limits are policies of the broker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kombu import Connection, Exchange, Queue

from contracts import all_events
from contracts.departments import HEARD

MEMORY_OPTIONS: dict[str, Any] = {"polling_interval": 0.01}
QUEUE_ARGUMENTS = {"x-queue-type": "quorum"}
STREAM_ARGUMENTS = {"x-queue-type": "stream"}
REPLIES_EXCHANGE = "departments.replies"
DEPARTMENTS_EXCHANGE = "departments"
HISTORY = "events.history"
"""Stream of everything the services say; departments' replies aside."""
PUBLIC = "public"


def exchange_of(event_type: str) -> str:
    """The exchange an event is published to."""
    source = event_type.split(".", 1)[0]
    return REPLIES_EXCHANGE if source == "departments" else f"{source}.events"


def routing_key_of(event_type: str) -> str:
    """What a subscription binds. A department's reply carries its code in front."""
    return f"*.{event_type}" if exchange_of(event_type) == REPLIES_EXCHANGE else event_type


def departments_keys(event_type: str, department: str | None) -> list[str]:
    """The further keys under which departments may bind an event: the code of the one it concerns, and
    ``public`` where the contract says so."""
    known = all_events().get(event_type)
    keys = [f"{department}.{event_type}"] if department else []
    return [*keys, f"{PUBLIC}.{event_type}"] if known is not None and known.public else keys


@dataclass(frozen=True, slots=True)
class SubscriptionSpec:
    """One subscription: its queue's name and the event types it takes."""

    queue: str
    event_types: tuple[str, ...]

    @property
    def bindings(self) -> frozenset[tuple[str, str]]:
        """Pairs of exchange and routing key."""
        return frozenset((exchange_of(t), routing_key_of(t)) for t in self.event_types)


@dataclass(frozen=True, slots=True)
class Topology:
    """What must stand on the broker. ``links`` are bindings between exchanges: source, key, destination."""

    exchanges: frozenset[str]
    queues: Mapping[str, frozenset[tuple[str, str]]]
    streams: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    links: frozenset[tuple[str, str, str]] = frozenset()


def topology_of(subscriptions: Iterable[SubscriptionSpec]) -> Topology:
    """Derive the topology. Two subscriptions of one name are an error."""
    queues: dict[str, frozenset[tuple[str, str]]] = {}
    for subscription in subscriptions:
        if subscription.queue in queues:
            raise ValueError(f"two subscriptions are named {subscription.queue}")
        queues[subscription.queue] = subscription.bindings
    return Topology(frozenset(exchange_of(t) for t in all_events()), queues)


def with_departments(topology: Topology) -> Topology:
    """The same with what departments and the data platform take part by."""
    spoken = topology.exchanges - {REPLIES_EXCHANGE}
    return replace(
        topology,
        exchanges=topology.exchanges | {DEPARTMENTS_EXCHANGE},
        streams={HISTORY: frozenset((exchange, "#") for exchange in spoken)},
        links=frozenset((f"{s}.events", f"*.{s}.*", DEPARTMENTS_EXCHANGE) for s in HEARD),
    )


def apply(topology: Topology, broker_url: str) -> None:
    """Declare all of it. Doing so again changes nothing."""
    with Connection(broker_url, connect_timeout=5, transport_options=options(broker_url)) as connection:
        channel = connection.default_channel
        for name in sorted(topology.exchanges):
            Exchange(name, type="topic", durable=True)(channel).declare()
        _declare(topology.queues, QUEUE_ARGUMENTS, channel)
        if broker_url.startswith("memory:"):
            return
        _declare(topology.streams, STREAM_ARGUMENTS, channel)
        for source, key, destination in sorted(topology.links):
            channel.exchange_bind(destination=destination, source=source, routing_key=key)


def _declare(
    queues: Mapping[str, frozenset[tuple[str, str]]], arguments: dict[str, Any], channel: Any
) -> None:
    for name, bindings in sorted(queues.items()):
        queue = Queue(name, durable=True, queue_arguments=arguments)(channel)
        queue.queue_declare()
        for exchange, routing_key in sorted(bindings):
            queue.bind_to(exchange=exchange, routing_key=routing_key)


def missing_queues(queues: Iterable[str], connection: Connection) -> set[str]:
    """Which of these queues the broker doesn't have. Uses a channel of its own for each question."""
    missing = set()
    for name in sorted(queues):
        channel = connection.channel()
        try:
            channel.queue_declare(queue=name, passive=True)
            channel.close()
        except connection.channel_errors:
            missing.add(name)
    return missing


def message_count(queue: str, broker_url: str) -> int:
    """How many messages are ready in a queue, by the queue itself."""
    with Connection(broker_url, connect_timeout=5, transport_options=options(broker_url)) as connection:
        counted: int = connection.default_channel.queue_declare(queue=queue, passive=True).message_count
        return counted


def options(broker_url: str) -> dict[str, Any]:
    """Transport options for a broker address."""
    return MEMORY_OPTIONS if broker_url.startswith("memory:") else {}
