"""The AsyncAPI 3.0 document of everything services and departments say over the broker."""

from __future__ import annotations

import inspect
from typing import Any

from contracts.base import Event, all_events
from contracts.cloudevents import CONTENT_TYPE
from contracts.schema import Schema, object_schema

REPLIES = "departments"
_SCHEMAS = "#/components/schemas/"

ENVELOPE: Schema = {
    "description": "CloudEvents 1.0, structured JSON. Unknown attributes and fields are to be ignored.",
    "type": "object",
    "required": ["specversion", "id", "source", "type", "subject", "time", "sequence", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "description": "The same id is the same event: act on it once."},
        "source": {"type": "string", "description": "Who says it."},
        "type": {"type": "string", "description": "`<source>.<event>`, also the routing key."},
        "subject": {"type": "string", "description": "Id of the aggregate the event is about."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string", "format": "uri-reference"},
        "sequence": {
            "type": "integer",
            "minimum": 1,
            "description": "Counts without gaps for each source and subject. Arrival order is not promised.",
        },
        "case": {"type": "string", "description": "The application the event belongs to."},
        "department": {"type": "string", "description": "Code of the department it concerns."},
        "traceparent": {"type": "string", "description": "W3C trace context."},
        "data": {"type": "object"},
    },
}


def document(version: str) -> dict[str, Any]:
    """The whole document, in a stable order."""
    events = all_events()
    schemas: dict[str, Schema] = {"Envelope": ENVELOPE}
    for event_type, cls in events.items():
        schemas[event_type] = object_schema(cls, _SCHEMAS, schemas)
    sources = sorted({cls.source for cls in events.values()})
    by_source = {s: [t for t, cls in events.items() if cls.source == s] for s in sources}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "One Window 一窗通",
            "version": version,
            "description": "What services and departments say to each other. A committed event is delivered "
            "at least once, in any order; it carries ids, codes and facts, no personal data, no free text.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "broker": {
                "host": "{host}:{port}",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "variables": {"host": {"default": "localhost"}, "port": {"default": "5672"}},
                "security": [{"type": "userPassword"}],
            }
        },
        "channels": {exchange(s): _channel(s, types) for s, types in by_source.items()},
        "operations": {_operation_name(s): _operation(s, types) for s, types in by_source.items()},
        "components": {
            "messages": {event_type: _message(cls) for event_type, cls in events.items()},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def exchange(source: str) -> str:
    """The topic exchange a source's events are published to."""
    return "departments.replies" if source == REPLIES else f"{source}.events"


def _channel(source: str, types: list[str]) -> dict[str, Any]:
    names = [t.split(".", 1)[1] for t in types]
    return {
        "address": f"{'{department}.' if source == REPLIES else ''}{source}.{{event}}",
        "title": f"Topic exchange {exchange(source)}",
        "description": "The address is the routing key.",
        "parameters": {
            "event": {"enum": names, "description": "Name of the event."},
            **({"department": {"description": "Code of the one that answers."}} if source == REPLIES else {}),
        },
        "messages": {t: {"$ref": f"#/components/messages/{t}"} for t in types},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": exchange(source),
                    "type": "topic",
                    "durable": True,
                    "autoDelete": False,
                    "vhost": "/",
                },
                "bindingVersion": "0.3.0",
            }
        },
    }


def _operation_name(source: str) -> str:
    return "receive_answers" if source == REPLIES else f"send_{source}_events"


def _operation(source: str, types: list[str]) -> dict[str, Any]:
    channel = exchange(source)
    return {
        "action": "receive" if source == REPLIES else "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": "What departments' systems answer." if source == REPLIES else f"What {source} says.",
        "messages": [{"$ref": f"#/channels/{channel}/messages/{t}"} for t in types],
        "bindings": {"amqp": {"deliveryMode": 2, "ack": True, "bindingVersion": "0.3.0"}},
    }


def _message(cls: type[Event]) -> dict[str, Any]:
    summary, _, rest = inspect.cleandoc(cls.__doc__ or "").partition("\n\n")
    return {
        "name": cls.type,
        "title": cls.__name__,
        "summary": " ".join(summary.split()),
        **({"description": " ".join(rest.split())} if rest else {}),
        "contentType": CONTENT_TYPE,
        "payload": {
            "allOf": [
                {"$ref": _SCHEMAS + "Envelope"},
                {
                    "properties": {
                        "source": {"const": cls.source},
                        "type": {"const": cls.type},
                        "data": {"$ref": _SCHEMAS + cls.type},
                    }
                },
            ]
        },
        "bindings": {"amqp": {"messageType": cls.type, "bindingVersion": "0.3.0"}},
    }
