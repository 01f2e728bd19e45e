"""Finding the services of this house by their folders; nothing here knows their names."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from sqlalchemy import MetaData

import services
from chassis.topology import Topology, topology_of, with_departments


@cache
def service_names() -> tuple[str, ...]:
    """Every service, in alphabetical order."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(services.__path__) if m.ispkg))


def part(service: str, name: str) -> ModuleType | None:
    """A service's module (``web``, ``worker``, ``sample`` …), or None where it has none."""
    path = f"services.{service}.{name}"
    if importlib.util.find_spec(path) is None:
        return None
    return importlib.import_module(path)


def metadata_of(service: str) -> MetaData:
    """All tables of a service, wherever in it they are defined."""
    for name in ("handlers", "web"):
        part(service, name)
    orm = part(service, "orm")
    found: MetaData | None = getattr(getattr(orm, "Base", orm), "metadata", None)
    return MetaData() if found is None else found


def app_factory(service: str) -> Callable[..., Any] | None:
    """The service's ``create_app(config)``."""
    web = part(service, "web")
    factory: Callable[..., Any] | None = None if web is None else web.create_app
    return factory


def worker_class(service: str) -> type | None:
    """The service's worker."""
    from chassis.worker import Worker

    module = part(service, "worker")
    if module is None:
        return None
    return next(
        c
        for c in vars(module).values()
        if isinstance(c, type) and issubclass(c, Worker) and c.name == service
    )


def whole_topology() -> Topology:
    """What all services together need on the broker."""
    from chassis.subscription import subscriptions_of

    workers = filter(None, map(worker_class, service_names()))
    return with_departments(topology_of(spec for worker in workers for spec in subscriptions_of(worker)))
