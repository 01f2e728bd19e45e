"""Webhooks over HTTP: a department's IT looks after its own, and real receivers get what is theirs."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient

from chassis.fakes.database import envelope
from chassis.fakes.web import Mint, client
from services.notification.hooks.domain import MOST_ENDPOINTS, sign
from services.notification.hooks.outward import NoAnswer, post
from services.notification.hooks.sender import Sender
from services.notification.web import create_app
from tests.integration.test_others_things import found_by_strangers
from tests.migrated import migrated
from tests.unit.notification.helpers import Desk
from tests.unit.notification.receivers import opened

HOOKS = "/api/notification/hooks"
HERE = (ip_network("127.0.0.0/8"),)


class Receiver(BaseHTTPRequestHandler):
    """Answers with the status its path names, and points ``/302`` at another of its own paths."""

    got: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(int(self.path.strip("/")))
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.got = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Office:
    """Notification's application, its desk, and the IT of departments."""

    def __init__(self, desk: Desk):
        self.desk = desk
        self.mint = Mint()
        self.mint.install(desk.database)
        self.app = create_app(desk.database.config, database=desk.database)
        self.it = self.staff("department_it", "SJ")

    def staff(self, role: str, department: str | None, **token: Any) -> FlaskClient:
        return client(
            self.app,
            self.mint.token(f"acc-{role}", kind="staff", roles=(role,), dept=department, **token),
        )

    def deliver(self) -> None:
        sender = Sender(self.desk.database, HERE)
        while sender.step() == 0.0:
            pass


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    database = migrated("notification", tmp_path)
    desk = Desk(database)
    desk.know_the_city()
    yield Office(desk)
    database.close()


def made(office: Office, url: str = "https://it.example/hook") -> Any:
    answer = office.it.post(HOOKS, json={"url": url})
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def test_a_branch_of_the_department_reaches_its_receiver_signed(office: Office, receiver: str) -> None:
    hook = made(office, f"{receiver}/204")
    event = replace(envelope(opened(1), sequence=1, time=datetime.now(UTC)), department="SJ")
    office.desk.deliver([event])
    office.deliver()
    [(path, headers, body)] = Receiver.got
    assert (path, headers["content-type"]) == ("/204", "application/cloudevents+json")
    assert headers["host"] == receiver.removeprefix("http://")
    stamp = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == sign([hook["secret"]], event.id, stamp, body)
    assert json.loads(body)["data"]["branch"]["branch_no"] == opened(1).branch.branch_no
    [item] = office.it.get(f"{HOOKS}/{hook['endpoint_id']}/deliveries").get_json()["items"]
    assert (item["event_id"], item["state"], item["tries"][0]["status"]) == (event.id, "delivered", 204)
    assert office.it.get(HOOKS).get_json()["items"][0]["delivered_at"] is not None


def test_a_test_can_be_sent_and_everything_since_sent_again(office: Office, receiver: str) -> None:
    hook = made(office, f"{receiver}/200")
    base, since = f"{HOOKS}/{hook['endpoint_id']}", datetime.now(UTC).isoformat()
    event_id = office.it.post(f"{base}/test").get_json()["event_id"]
    office.deliver()
    again = office.it.post(f"{base}/again", json={"since": since})
    assert (again.status_code, again.get_json()) == (202, {"count": 1})
    office.deliver()
    assert [headers["webhook-id"] for _, headers, _ in Receiver.got] == [event_id] * 2


def test_a_redirect_is_not_followed(office: Office, receiver: str) -> None:
    hook = made(office, f"{receiver}/302")
    office.it.post(f"{HOOKS}/{hook['endpoint_id']}/test")
    office.deliver()
    assert [path for path, _, _ in Receiver.got] == ["/302"]
    [item] = office.it.get(f"{HOOKS}/{hook['endpoint_id']}/deliveries").get_json()["items"]
    assert (item["state"], item["tries"][0]["status"]) == ("waiting", 302)


def test_an_inner_address_is_never_called_unless_the_city_named_it(office: Office, receiver: str) -> None:
    hook = made(office, f"{receiver}/200".replace("127.0.0.1", "localhost"))
    office.it.post(f"{HOOKS}/{hook['endpoint_id']}/test")
    Sender(office.desk.database).step()
    assert Receiver.got == []
    [item] = office.it.get(f"{HOOKS}/{hook['endpoint_id']}/deliveries").get_json()["items"]
    assert item["tries"][0]["error"] == "inner_address"


def test_a_certificate_nobody_vouches_for_is_not_trusted(tmp_path: Path, certificate: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        with pytest.raises(NoAnswer) as refused:
            post(f"https://localhost:{server.server_port}/200", b"{}", {}, (*HERE, ip_network("::1/128")))
        assert refused.value.reason == "certificate"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_nobody_listening_is_told_as_that(receiver: str) -> None:
    port = int(receiver.rsplit(":", 1)[1])
    with pytest.raises(NoAnswer) as refused:
        post(f"http://127.0.0.2:{port}/200", b"{}", {}, HERE)
    assert refused.value.reason == "refused"


def test_a_secret_is_shown_once_and_again_only_as_a_new_one(office: Office) -> None:
    hook = made(office)
    assert "secret" not in office.it.get(f"{HOOKS}/{hook['endpoint_id']}").get_json()
    renewed = office.it.post(f"{HOOKS}/{hook['endpoint_id']}/secret").get_json()
    assert renewed["secret"].startswith("whsec_") and renewed["secret"] != hook["secret"]
    assert renewed["two_secrets_until"] is not None


def test_it_is_changed_paused_taken_up_and_removed(office: Office) -> None:
    hook = made(office)
    one = f"{HOOKS}/{hook['endpoint_id']}"
    changed = office.it.patch(one, json={"events": ["approval.branch_opened"], "state": "paused"}).get_json()
    assert (changed["events"], changed["state"], changed["why"]) == (
        ["approval.branch_opened"],
        "paused",
        "by_hand",
    )
    assert office.it.patch(one, json={"state": "active"}).get_json()["why"] is None
    assert office.it.patch(one, json={}).get_json()["url"] == hook["url"]
    assert office.it.delete(one).status_code == 204
    assert office.it.get(one).status_code == 404


def test_wrong_fields_are_named_all_at_once_and_nothing_is_made(office: Office) -> None:
    answer = office.it.post(HOOKS, json={"url": "x", "events": ["intake.gossip"], "more": 1})
    assert answer.status_code == 422
    assert {e["field"] for e in answer.get_json()["errors"]} == {"url", "events.0", "more"}
    for url in ("ftp://it.example/x", "https://a:b@it.example/", "https://it.example/#x"):
        refused = office.it.post(HOOKS, json={"url": url})
        assert [e["field"] for e in refused.get_json()["errors"]] == ["url"]
    both = {"events": ["0" * 36], "since": datetime.now(UTC).isoformat()}
    hook = made(office)
    for body in ({}, both):
        assert office.it.post(f"{HOOKS}/{hook['endpoint_id']}/again", json=body).status_code == 422
    assert len(office.it.get(HOOKS).get_json()["items"]) == 1


def test_a_department_has_no_more_than_it_may(office: Office) -> None:
    for _ in range(MOST_ENDPOINTS):
        made(office)
    answer = office.it.post(HOOKS, json={"url": "https://it.example/hook"})
    assert (answer.status_code, answer.get_json()["type"]) == (409, "too-many-hooks")


def test_only_a_departments_it_gets_in(office: Office) -> None:
    for role in ("officer", "approver", "platform_admin", "supervisor"):
        assert office.staff(role, "SJ").get(HOOKS).status_code == 403
    assert office.staff("department_it", None).get(HOOKS).status_code == 403
    assert client(office.app, office.mint.token("acc-1")).get(HOOKS).status_code == 403
    for who in (
        client(office.app),
        office.staff("department_it", "SJ", issued_at=time.time() - 700),
    ):
        assert who.post(HOOKS, json={"url": "https://it.example"}).status_code == 401


def test_another_departments_webhook_is_not_there(office: Office) -> None:
    things = {"id": made(office)["endpoint_id"], "message_id": "0" * 36}

    def stranger(role: str) -> FlaskClient:
        if role == "department_it":
            return office.staff(role, "XF")
        return client(office.app, office.mint.token("acc-2", kind=role))

    assert found_by_strangers("notification", things, stranger) == []
