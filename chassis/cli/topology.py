"""``onewindow topology``: what must stand on the broker, and what does."""

from __future__ import annotations

import os
import sys

import click

from chassis.broker_api import BrokerApi, Difference
from chassis.services import service_names, whole_topology
from chassis.topology import apply as apply_topology
from chassis.topology import message_count

API_HELP = "RabbitMQ's management address with user and password (ONEWINDOW_BROKER_API)."


@click.group()
def topology() -> None:
    """Exchanges, queues and bindings, derived from what the services subscribe to."""


@topology.command()
def show() -> None:
    """Print every queue with the events it takes."""
    for queue, bindings in sorted(whole_topology().queues.items()):
        click.echo(queue)
        for exchange, key in sorted(bindings):
            click.echo(f"  {exchange} · {key}")


@topology.command()
def apply() -> None:
    """Declare what is missing on the broker (ONEWINDOW_BROKER_URL). Changes nothing that is there."""
    wanted = whole_topology()
    apply_topology(wanted, _broker_url())
    click.echo(f"{len(wanted.exchanges)} exchanges, {len(wanted.queues)} queues stand")


@topology.command()
@click.option("--api", envvar="ONEWINDOW_BROKER_API", required=True, help=API_HELP)
def diff(api: str) -> None:
    """Compare with the broker. Exit status 1 when something is missing, 0 otherwise."""
    difference = _compare(api)
    for line in lines(difference):
        click.echo(line)
    if difference.missing_exchanges or difference.missing_queues or difference.missing_bindings:
        click.echo("next: `onewindow topology apply`, then `onewindow events backfill QUEUE --from TIME`")
        sys.exit(1)
    if difference.retired_queues or difference.surplus_bindings:
        click.echo("next: `onewindow topology prune`")
    else:
        click.echo("nothing differs")


@topology.command()
@click.option("--api", envvar="ONEWINDOW_BROKER_API", required=True, help=API_HELP)
def prune(api: str) -> None:
    """Unbind what nobody subscribes to any more; delete retired queues once they are empty."""
    deleted, kept = BrokerApi(api).prune(_compare(api), lambda queue: message_count(queue, _broker_url()))
    for queue in deleted:
        click.echo(f"deleted {queue}")
    for queue, messages in kept.items():
        click.echo(f"unbound {queue}, kept: {messages} messages are still in it")


def _broker_url() -> str:
    return os.environ.get("ONEWINDOW_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672//")


def lines(difference: Difference) -> list[str]:
    """The difference in words."""
    return [
        *(f"missing exchange {name}" for name in difference.missing_exchanges),
        *(f"missing queue {name}" for name in difference.missing_queues),
        *(f"missing binding {q} ← {e} · {k}" for e, k, q in difference.missing_bindings),
        *(f"surplus binding {q} ← {e} · {k}" for e, k, q in difference.surplus_bindings),
        *(f"retired queue {name}" for name in difference.retired_queues),
    ]


def _compare(api: str) -> Difference:
    return BrokerApi(api).diff(whole_topology(), service_names())
