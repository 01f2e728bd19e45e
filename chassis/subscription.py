"""Subscriptions as nameko entrypoints: whatever has arrived, handled as one batch.

Each subscription keeps a buffer of its own; one thread takes up to ``batch`` messages, without lingering,
and has nameko run the worker's method once with all of them.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

import structlog
from eventlet.event import Event as GreenEvent
from kombu import Consumer, Queue
from kombu.message import Message
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint
from nameko.messaging import QueueConsumer

from chassis.config import Config
from chassis.consume import SENDER, Acknowledging, Consumption, Delivery, Unreachable, Unreadable
from chassis.database import open_database
from chassis.frames import gathered, read_ahead
from chassis.topology import QUEUE_ARGUMENTS, REPLIES_EXCHANGE, SubscriptionSpec, missing_queues
from contracts import Event

log = structlog.get_logger()

BATCH = 100
PREFETCH = 200
LOOK_FOR_QUEUES_S = 5.0
BACKOFF_S = (0.1, 5.0)

P = ParamSpec("P")
R = TypeVar("R")


def config_of(container: Any) -> Config:
    """The configuration of the service a nameko container runs: handed in, or from the environment."""
    config: Config = container.config.get("onewindow", Config.from_env)(container.service_name)
    return config


class PatientConsumer(Consumer):
    """Doesn't wait for the broker to confirm a consumer: a queue without a leader may take its time."""

    def _basic_consume(self, queue: Any, no_ack: Any = None, nowait: bool = True, **kwargs: Any) -> Any:
        return super()._basic_consume(queue, no_ack=no_ack, nowait=True, **kwargs)


class BatchConsumer(QueueConsumer):
    """nameko's consumer, but messages go straight into their subscription's buffer.

    Each subscription has a channel of its own, so that a queue in trouble blocks no other. Queues are
    never declared here: one that is missing is left out and looked for again, while the others go on.
    """

    prefetch_count = PREFETCH

    def __init__(self) -> None:
        super().__init__()
        self._absent: set[str] = set()
        self._look_again_at = 0.0

    def get_consumers(self, _consumer_cls: Any, channel: Any) -> Any:
        names = {provider.queue.name for provider in self._providers}
        self._absent = missing_queues(names, channel.connection.client)
        self._channel = channel
        self._broken = (
            *channel.connection.client.connection_errors,
            *channel.connection.client.channel_errors,
        )
        read_ahead(channel)
        self._look_again_at = time.monotonic() + LOOK_FOR_QUEUES_S
        self._consumers = {}
        for provider in self._providers:
            provider.forget_buffered()
            if provider.queue.name in self._absent:
                log.error("queue_missing", queue=provider.queue.name, next="onewindow topology apply")
                continue
            own_channel = channel.connection.client.channel()
            consumer = PatientConsumer(
                own_channel,
                queues=[provider.queue],
                on_message=provider.receive,
                auto_declare=False,
                accept=None,
            )
            consumer.qos(prefetch_count=self.prefetch_count)
            self._consumers[provider] = consumer
        return list(self._consumers.values())

    def on_iteration(self) -> None:
        self._cancel_consumers_if_requested()
        if not self._providers:
            self.should_stop = True
        elif self._absent and time.monotonic() > self._look_again_at:
            self._look_again_at = time.monotonic() + LOOK_FOR_QUEUES_S
            if missing_queues(self._absent, self._channel.connection.client) != self._absent:
                raise ConnectionResetError("a queue is back: consuming it from now on")

    def _cancel_consumers_if_requested(self) -> None:
        removed = dict(self._pending_remove_providers)
        self._pending_remove_providers.clear()
        for provider, done in removed.items():
            consumer = self._consumers.pop(provider, None)
            if consumer is not None:
                consumer.cancel()
            done.send()

    @property
    def absent(self) -> frozenset[str]:
        """Queues of ours the broker didn't have when last looked."""
        return frozenset(self._absent)

    def ack_message(self, message: Message) -> None:
        with suppress(*self._broken):
            if message.channel is not None and message.channel.connection:
                message.ack()

    @contextmanager
    def acknowledging(self) -> Iterator[None]:
        """Acknowledgements given inside leave together."""
        with suppress(*self._broken), gathered(self._channel):
            yield


class Subscription(Entrypoint):
    """One queue and the method that takes its events in batches."""

    consumer = BatchConsumer()

    def __init__(
        self,
        name: str,
        events: Sequence[type[Event]],
        batch: int = BATCH,
        linger: float = 0.0,
        **kwargs: Any,
    ):
        self.spec = SubscriptionSpec(name, tuple(e.type for e in events))
        self.batch = batch
        self.linger = linger
        self.in_flight = 0
        super().__init__(**kwargs)

    def setup(self) -> None:
        self.queue = Queue(self.spec.queue, durable=True, queue_arguments=QUEUE_ARGUMENTS)
        self._in_process = config_of(self.container).broker_url.startswith("memory:")
        self._lingers_for = 0.0 if self._in_process else self.linger
        self._buffer: deque[Delivery] = deque()
        self._wanted: GreenEvent | None = None
        self._stopping = False
        self.consumer.register_provider(self)

    def start(self) -> None:
        self._thread = self.container.spawn_managed_thread(self._run, identifier=self.spec.queue)

    def stop(self) -> None:
        self._stopping = True
        self._ring()
        self._thread.wait()
        self.consumer.unregister_provider(self)

    def receive(self, message: Message) -> None:
        """Called by the consumer for each message."""
        headers = dict(message.headers or {})
        body = message.body
        self.in_flight += 1
        self._buffer.append(
            Delivery(
                body=body.encode() if isinstance(body, str) else bytes(body),
                ack=partial(self._ack, message),
                redeliveries=int(headers.get("x-delivery-count", 0)),
                headers=headers,
                sender=None if self._in_process else _sender(message, headers),
            )
        )
        self._ring()

    def forget_buffered(self) -> None:
        """The connection is new: what was handed over on the old one will come again."""
        self.in_flight -= len(self._buffer)
        self._buffer.clear()

    def _ack(self, message: Message) -> None:
        self.consumer.ack_message(message)
        self.in_flight -= 1

    def _ring(self) -> None:
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            wanted.send()

    def _run(self) -> None:
        while not self._stopping:
            if not self._buffer:
                self._wanted = GreenEvent()
                self._wanted.wait()
                continue
            if self._lingers_for and len(self._buffer) < self.batch:
                time.sleep(self._lingers_for)
            batch = [self._buffer.popleft() for _ in range(min(self.batch, len(self._buffer)))]
            if batch:
                self._handle(batch)

    def _handle(self, batch: list[Delivery]) -> None:
        """Have the method run until the batch is done; a database that is away only costs time."""
        wait = BACKOFF_S[0]
        while not self._stopping:
            done = GreenEvent()

            def finish(_context: Any, result: Any, exc_info: Any, done: GreenEvent = done) -> Any:
                done.send(exc_info)
                return result, exc_info

            try:
                arguments = (batch, self.consumer.acknowledging)
                self.container.spawn_worker(self, arguments, {}, handle_result=finish)
            except ContainerBeingKilled:
                return
            exc_info = done.wait()
            if exc_info is None:
                return
            if not issubclass(exc_info[0], Unreachable):
                log.error("batch_failed", queue=self.spec.queue, exc_info=exc_info)
            time.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(wait * 2, BACKOFF_S[1])


def _sender(message: Message, headers: dict[str, Any]) -> str | None:
    """Whose word it is. Departments can publish to the replies' exchange alone; what comes by the default
    exchange was put back by ourselves, and a header says from whom it was first."""
    exchange = message.delivery_info.get("exchange")
    if exchange == REPLIES_EXCHANGE:
        return str(message.properties.get("user_id", ""))
    return headers.get(SENDER) if exchange == "" else None


def subscribe(
    name: str,
    *events: type[Event],
    batch: int = BATCH,
    linger: float = 0.0,
    unreadable: Unreadable | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the method takes ``(events: list[Envelope], uow)`` of this subscription.

    ``name`` names the queue and stays when the method is renamed. The method's changes, its events and
    the inbox are one transaction; the messages are acknowledged after its commit. Where nobody waits for
    the outcome, ``linger`` seconds let a batch grow: one transaction instead of one an event. Within one
    process it would only delay, and isn't done. ``unreadable`` hears of messages that can't be read.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def consume(self: Any, deliveries: list[Delivery], acknowledging: Acknowledging) -> None:
            config: Config = self.config
            Consumption(open_database(config), name, partial(method, self), acknowledging, unreadable).handle(
                [d for d in deliveries if not d.done]
            )

        entrypoint: Callable[..., Any] = Subscription.decorator(
            name, events, batch, linger, expected_exceptions=(Unreachable,)
        )(consume)
        return entrypoint

    return decorate


def subscriptions_of(worker: type) -> list[SubscriptionSpec]:
    """What a worker class subscribes to."""
    specs = []
    for attribute in vars(worker).values():
        for entrypoint in getattr(attribute, "nameko_entrypoints", ()):
            if isinstance(entrypoint, Subscription):
                specs.append(entrypoint.spec)
    return specs
