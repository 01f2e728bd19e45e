"""What the platform counts, by the names its dashboards and alerts use.

Labels are bounded (services, subscriptions, event types, route patterns, states), never ids. With
``PROMETHEUS_MULTIPROC_DIR`` set the numbers of all processes that share the folder are added up.
"""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as _generate
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

CONTENT_TYPE = CONTENT_TYPE_LATEST
_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

EVENTS_PUBLISHED = Counter(
    "onewindow_events_published_total", "Events the broker confirmed.", ("service", "event")
)
DELIVERIES = Counter(
    "onewindow_event_deliveries_total",
    "Deliveries by outcome: handled, duplicate, early, overdue, waiting, failed or dead.",
    ("service", "subscription", "event", "outcome"),
)
HANDLING_SECONDS = Histogram(
    "onewindow_event_handling_seconds",
    "Time one batch of events took, from the first read to the commit.",
    ("service", "subscription"),
    buckets=_FAST,
)
OUTBOX_PENDING = Gauge(
    "onewindow_outbox_pending",
    "Events not yet confirmed by the broker.",
    ("service",),
    multiprocess_mode="mostrecent",
)
OUTBOX_OLDEST = Gauge(
    "onewindow_outbox_oldest_seconds",
    "How long the oldest due event has been waiting for the broker.",
    ("service",),
    multiprocess_mode="mostrecent",
)
DEAD_EVENTS = Gauge(
    "onewindow_dead_events",
    "Dead events nobody has settled.",
    ("service",),
    multiprocess_mode="mostrecent",
)
TIME_BREAKER_OPEN = Gauge(
    "onewindow_time_breaker_open",
    "1 while due dates are held back because too many fell due at once.",
    ("service", "kind"),
    multiprocess_mode="mostrecent",
)
REPLIES_REJECTED = Counter(
    "onewindow_replies_rejected_total", "Departments' replies that could not be taken.", ("reason",)
)
REQUESTS = Counter(
    "http_requests_total", "HTTP requests by route pattern.", ("service", "method", "route", "status")
)
REQUEST_SECONDS = Histogram(
    "http_request_duration_seconds",
    "Time from the request to the first byte of its answer.",
    ("service", "method", "route"),
    buckets=_FAST,
)
TOKENS_REFUSED = Counter(
    "onewindow_tokens_refused_total",
    "Access tokens that were not accepted: malformed, key, issuer, audience, early, expired or revoked.",
    ("service", "reason"),
)
SIGN_INS = Counter(
    "onewindow_sign_ins_total",
    "Tokens handed out (or not) by the OpenID provider, by client and outcome: an OAuth error code, or ok.",
    ("client", "outcome"),
)
UPSTREAM_SIGN_INS = Counter(
    "onewindow_upstream_sign_ins_total",
    "Sign-ins through another provider by outcome: signed_in, step, link_by_sign_in, away, or the refusal.",
    ("upstream", "outcome"),
)
SIGN_OUT_NOTES = Counter(
    "onewindow_sign_out_notes_total",
    "Back-channel logout notes to clients by outcome: sent, put_off, failed.",
    ("outcome",),
)
PROJECTION_LAG = Gauge(
    "onewindow_projection_lag_seconds",
    "Age of the newest event when a projection had taken it in.",
    ("service",),
    multiprocess_mode="mostrecent",
)
MESSAGES = Counter(
    "onewindow_messages_total",
    "Messages to people by channel and what became of them: written, sent, put_off, failed, no_address.",
    ("channel", "outcome"),
)
SIGNING_ROUNDS = Counter(
    "onewindow_signing_rounds_total",
    "Rounds of signatures by what became of them: started, filed, objected, changed, withdrawn, expired.",
    ("outcome",),
)
WEBHOOK_DELIVERIES = Counter(
    "onewindow_webhook_deliveries_total",
    "Calls of departments' webhooks by what became of them: delivered, put_off, given_up.",
    ("outcome",),
)
MESSAGES_OLDEST = Gauge(
    "onewindow_messages_oldest_seconds",
    "How long the oldest message that may be sent has been waiting.",
    ("channel",),
    multiprocess_mode="mostrecent",
)
STREAMS = Gauge("onewindow_open_streams", "Open event streams.", ("service",), multiprocess_mode="livesum")
APPLICATIONS = Counter("onewindow_applications_total", "Applications that reached a status.", ("status",))
BRANCHES_OVERDUE = Gauge(
    "onewindow_branches_overdue", "Open branches past their due date by law.", multiprocess_mode="mostrecent"
)
TICKETS_WAITING = Gauge(
    "onewindow_tickets_waiting", "Queue tickets not yet called.", ("hall",), multiprocess_mode="mostrecent"
)


def exposition() -> bytes:
    """All numbers in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return _generate(registry)
    return _generate(REGISTRY)


def forget_process(pid: int) -> None:
    """Leave out the live gauges of a process that ended (with ``PROMETHEUS_MULTIPROC_DIR``)."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]
