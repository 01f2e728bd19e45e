"""RabbitMQ's management API: what really stands on the broker, and what is there too much."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

from chassis.topology import Topology

TIMEOUT_S = 10
VHOST = quote("/", safe="")


@dataclass(frozen=True, slots=True)
class Difference:
    """What is missing on the broker, what is bound too much, and the queues nobody subscribes to any more."""

    missing_exchanges: list[str] = field(default_factory=list)
    missing_queues: list[str] = field(default_factory=list)
    missing_bindings: list[tuple[str, str, str]] = field(default_factory=list)
    surplus_bindings: list[tuple[str, str, str]] = field(default_factory=list)
    retired_queues: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(
            (
                self.missing_exchanges,
                self.missing_queues,
                self.missing_bindings,
                self.surplus_bindings,
                self.retired_queues,
            )
        )


class BrokerApi:
    """A thin client. ``url`` carries user and password: ``http://user:password@host:15672``."""

    def __init__(self, url: str):
        self._url = url.rstrip("/") + "/api"

    def diff(self, topology: Topology, owners: Iterable[str]) -> Difference:
        """Compare. ``owners`` are the service names whose queues are ours to judge."""
        prefixes = tuple(f"{owner}." for owner in owners)
        exchanges = {row["name"] for row in self._get(f"exchanges/{VHOST}")}
        queues = {row["name"] for row in self._get(f"queues/{VHOST}") if row["name"].startswith(prefixes)}
        bound = {
            (row["source"], row["routing_key"], row["destination"])
            for row in self._get(f"bindings/{VHOST}")
            if row["destination_type"] == "queue"
            and row["source"]
            and row["destination"].startswith(prefixes)
        }
        wanted = {(e, k, q) for q, bindings in topology.queues.items() for e, k in bindings}
        return Difference(
            missing_exchanges=sorted(topology.exchanges - exchanges),
            missing_queues=sorted(set(topology.queues) - queues),
            missing_bindings=sorted(b for b in wanted - bound if b[2] in queues),
            surplus_bindings=sorted(b for b in bound - wanted if b[2] in topology.queues),
            retired_queues=sorted(queues - set(topology.queues)),
        )

    def prune(self, difference: Difference, count: Callable[[str], int]) -> tuple[list[str], dict[str, int]]:
        """Unbind what is bound too much and retired queues, delete retired queues that are empty.

        ``count`` tells how many messages a queue holds (the API's own figures lag). Returns the queues
        deleted and, for those kept, how many messages they still hold.
        """
        deleted, kept = [], {}
        for exchange, routing_key, queue in difference.surplus_bindings:
            self._unbind(exchange, queue, routing_key)
        for queue in difference.retired_queues:
            for row in self._get(f"queues/{VHOST}/{quote(queue, safe='')}/bindings"):
                if row["source"]:
                    self._delete(
                        f"bindings/{VHOST}/e/{quote(row['source'], safe='')}"
                        f"/q/{quote(queue, safe='')}/{quote(row['properties_key'], safe='')}"
                    )
            if messages := count(queue):
                kept[queue] = messages
            else:
                self._delete(f"queues/{VHOST}/{quote(queue, safe='')}")
                deleted.append(queue)
        return deleted, kept

    def _unbind(self, exchange: str, queue: str, routing_key: str) -> None:
        ends = f"e/{quote(exchange, safe='')}/q/{quote(queue, safe='')}"
        self._delete(f"bindings/{VHOST}/{ends}/{quote(routing_key, safe='')}")

    def _get(self, path: str) -> Any:
        response = requests.get(f"{self._url}/{path}", timeout=TIMEOUT_S)
        response.raise_for_status()
        return response.json()

    def _delete(self, path: str) -> None:
        requests.delete(f"{self._url}/{path}", timeout=TIMEOUT_S).raise_for_status()
