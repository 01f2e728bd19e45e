"""The WSGI application of the service named by ``ONEWINDOW_SERVICE``.

``gunicorn -c python:chassis.wsgi chassis.wsgi:application``: the module is also gunicorn's
configuration, so that open streams end at SIGTERM and the metrics of ended workers are cleared away.
"""

from __future__ import annotations

import os
import signal
import threading
from importlib import import_module
from types import FrameType
from typing import Any

from flask import Flask

from chassis import live, logs, metrics
from chassis.config import Config

_made: list[Flask] = []


def build(service: str) -> Flask:
    """The web application of one service, configured by the environment."""
    made: Flask = import_module(f"services.{service}.web").create_app(Config.from_env(service))
    return made


def __getattr__(name: str) -> Any:
    if name != "application":
        raise AttributeError(name)
    if not _made:
        service = os.environ.get("ONEWINDOW_SERVICE")
        if not service:
            raise RuntimeError("ONEWINDOW_SERVICE must name the service to serve")
        logs.configure(service=service)
        _made.append(build(service))
    return _made[0]


def post_worker_init(worker: Any) -> None:
    """gunicorn: at SIGTERM open streams end first, so that the worker needn't wait for them."""
    exit_worker = signal.getsignal(signal.SIGTERM)

    def on_term(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=live.close_all, daemon=True).start()
        if callable(exit_worker):
            exit_worker(number, frame)

    signal.signal(signal.SIGTERM, on_term)


def child_exit(_server: Any, worker: Any) -> None:
    """gunicorn: a worker ended; its gauges no longer count."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        metrics.forget_process(worker.pid)
