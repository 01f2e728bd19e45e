"""Logs as JSON lines on stdout: a name plus fields, with the trace and no personal data.

The W3C trace context of the work at hand is `current_trace`: web requests and deliveries set it,
`chassis.uow.UnitOfWork` writes it on every event, so one ``grep`` of a trace id follows a case
from the HTTP request through the broker. Further ids (``event_id``, ``application``) join by `fields`.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from chassis.masking import masked

trace: ContextVar[str | None] = ContextVar("trace", default=None)
"""The ``traceparent`` of the work at hand."""

fields = structlog.contextvars.bound_contextvars
"""Context manager: ``with fields(event_id=…, application=…):`` adds these to every line inside."""

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def current_trace() -> str | None:
    """The ``traceparent`` of the work at hand, None outside of any."""
    return trace.get()


def trace_id(traceparent: str | None) -> str | None:
    """The 32 hex digits that stay the same along the whole way."""
    return traceparent[3:35] if traceparent else None


def next_span(incoming: str | None = None) -> str:
    """A new span of the trace ``incoming`` belongs to; of a new trace when there is none or it is invalid."""
    found = _TRACEPARENT.fullmatch(incoming.strip()) if incoming else None
    if found and not incoming.startswith("ff") and int(found[1], 16) and int(found[2], 16):  # type: ignore[union-attr]
        trace_part, flags = found[1], found[3]
    else:
        trace_part, flags = secrets.token_hex(16), "01"
    return f"00-{trace_part}-{secrets.token_hex(8)}-{flags}"


def follow(incoming: str | None) -> AbstractContextManager[None]:
    """Context manager: work inside belongs to the trace of ``incoming``, as a span of its own."""
    return _Follow(next_span(incoming))


class _Follow(AbstractContextManager[None]):
    def __init__(self, traceparent: str):
        self._traceparent = traceparent

    def __enter__(self) -> None:
        self._before = trace.set(self._traceparent)

    def __exit__(self, *_: object) -> None:
        trace.reset(self._before)


def _add_trace(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    if identifier := trace_id(trace.get()):
        line.setdefault("trace", identifier)
    return line


def _mask(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    return masked(line)  # type: ignore[no-any-return]


_COMMON: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    _add_trace,
    structlog.processors.format_exc_info,
]
_LAST: list[Processor] = [_mask, structlog.processors.JSONRenderer(ensure_ascii=False)]


def configure(level: int = logging.INFO, stream: TextIO | None = None, **process: str) -> None:
    """Send this process's log lines, ours and the libraries', to ``stream`` (default: stdout) as JSON.

    ``process`` are fields that stand on every line, such as the service's name.
    """

    def add_process(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        return {**process, **line}

    common = [add_process, *_COMMON]
    structlog.configure(
        processors=[*common, *_LAST],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *common],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_LAST],
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
