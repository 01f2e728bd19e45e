"""RabbitMQ's management API: what really stands on the broker, and what is there too much."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

from chassis.topology import DEPARTMENTS_EXCHANGE, Topology

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
        named = {**topology.queues, **topology.streams}

        def ours(name: str) -> bool:
            return name in named or name.startswith(prefixes)

        linked = {destination for _, _, destination in topology.links}
        queues = {row["name"] for row in self._get(f"queues/{VHOST}") if ours(row["name"])}
        bound = {
            (row["source"], row["routing_key"], row["destination"])
            for row in self._get(f"bindings/{VHOST}")
            if row["source"]
            and (
                ours(row["destination"])
                if row["destination_type"] == "queue"
                else row["destination"] in linked
            )
        }
        wanted = {(e, k, q) for q, bindings in named.items() for e, k in bindings} | topology.links
        standing = queues | (linked & exchanges)
        return Difference(
            missing_exchanges=sorted(topology.exchanges - exchanges),
            missing_queues=sorted(named.keys() - queues),
            missing_bindings=sorted(b for b in wanted - bound if b[2] in standing),
            surplus_bindings=sorted(b for b in bound - wanted if b[2] in named or b[2] in linked),
            retired_queues=sorted(queues - named.keys()),
        )

    def prune(self, difference: Difference, count: Callable[[str], int]) -> tuple[list[str], dict[str, int]]:
        """Unbind what is bound too much and retired queues, delete retired queues that are empty.

        ``count`` tells how many messages a queue holds (the API's own figures lag). Returns the queues
        deleted and, for those kept, how many messages they still hold.
        """
        deleted, kept = [], {}
        for source, routing_key, destination in difference.surplus_bindings:
            self._unbind(source, destination, routing_key)
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

    def _unbind(self, source: str, destination: str, routing_key: str) -> None:
        kind = "e" if destination == DEPARTMENTS_EXCHANGE else "q"
        ends = f"e/{quote(source, safe='')}/{kind}/{quote(destination, safe='')}"
        self._delete(f"bindings/{VHOST}/{ends}/{quote(routing_key, safe='')}")

    def _get(self, path: str) -> Any:
        response = requests.get(f"{self._url}/{path}", timeout=TIMEOUT_S)
        response.raise_for_status()
        return response.json()

    def _delete(self, path: str) -> None:
        requests.delete(f"{self._url}/{path}", timeout=TIMEOUT_S).raise_for_status()
