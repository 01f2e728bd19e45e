"""The portal's session: one sealed cookie, readable by nobody but the portal."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from chassis.sealing import BrokenSeal, Sealer

COOKIE = "onewindow"
DEVICE_COOKIE = "onewindow_device"
"""By it identity knows a device again; the portal hands it through unread."""
TRACKED_AT_MOST = 3
FLOWS_AT_MOST = 3


@dataclass(slots=True)
class Session:
    """Who is at the other end. ``tracked`` are case numbers this visitor has given the query code for,
    ``step`` is what a sign-in on its way asks for (``kind``, ``challenge``, ``next``, ``enrolled``),
    ``flows`` are sign-ins under way, by their state; ``acting`` is the firm acted for (``firm``, ``name``),
    ``acted`` the same and by whom (``account``), kept for the next sign-in after a session was over.
    ``came_by`` is the provider this sign-in came through, ``link`` another provider's account that waits for
    a sign-in here (``ticket``, ``detail``, ``claimed``, ``next``)."""

    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    access: str = ""
    refresh: str = ""
    expires: float = 0.0
    began: float = 0.0
    account: dict[str, Any] = field(default_factory=dict)
    tracked: dict[str, str] = field(default_factory=dict)
    notes: list[dict[str, str]] = field(default_factory=list)
    acting: dict[str, str] = field(default_factory=dict)
    acted: dict[str, str] = field(default_factory=dict)
    flows: dict[str, dict[str, str]] = field(default_factory=dict)
    is_new: bool = False
    step: dict[str, Any] = field(default_factory=dict)
    link: dict[str, str] = field(default_factory=dict)
    came_by: str = ""

    @property
    def signed_in(self) -> bool:
        return bool(self.access)

    def begin_flow(self, state: str, flow: dict[str, str]) -> None:
        """Remember what a sign-in began with; of several at once the newest few."""
        self.is_new = False
        self.flows[state] = flow
        for oldest in list(self.flows)[:-FLOWS_AT_MOST]:
            del self.flows[oldest]

    def begin_upstream(self, state: str, flow: dict[str, str]) -> None:
        """The same through another provider: one at a time, for it remembers a long address."""
        self.flows = {s: f for s, f in self.flows.items() if "upstream" not in f}
        self.begin_flow(state, flow)

    def end_flow(self, state: str) -> dict[str, str] | None:
        """What this sign-in began with, once."""
        return self.flows.pop(state, None)

    def begin(self, answer: dict[str, Any], now: float) -> None:
        """Somebody signed in: from now on another form token counts."""
        self.csrf = secrets.token_urlsafe(16)
        self.step = {}
        self.flows.clear()
        self.began = now
        self.take_tokens(answer, now)
        acted, self.acted, self.acting = self.acted, {}, {}
        if acted and acted.pop("account") == self.account.get("account_id"):
            self.acting = acted

    def take_tokens(self, answer: dict[str, Any], now: float) -> None:
        """Keep what identity answered; ``now`` in seconds since 1970."""
        self.is_new = False
        self.access = answer["access_token"]
        self.refresh = answer["refresh_token"]
        self.expires = now + float(answer["expires_in"])
        self.account = answer.get("account", self.account)

    def act_for(self, firm: str, name: str) -> None:
        """From now on things are the firm's; without one, one's own again. Open forms no longer count."""
        self.is_new = False
        self.acting = {"firm": firm, "name": name} if firm else {}
        self.csrf = secrets.token_urlsafe(16)

    def lapse(self) -> None:
        """It is over by itself: who signs in again goes on in the same name."""
        acted = self.acting | {"account": self.account.get("account_id", "")} if self.acting else {}
        self.end()
        self.acted = acted

    def end(self) -> None:
        """Nobody is signed in any more."""
        self.acting, self.acted = {}, {}
        self.access = self.refresh = ""
        self.began = 0.0
        self.account = {}
        self.came_by, self.link = "", {}
        self.csrf = secrets.token_urlsafe(16)

    def form_token(self) -> str:
        """The token that forms carry, each time under another mask, so that the length of a packed page
        tells nothing of it (BREACH); from now on the session is worth keeping."""
        self.is_new = False
        mask = secrets.token_bytes(len(self.csrf))
        return urlsafe_b64encode(mask + _masked(self.csrf.encode(), mask)).decode()

    def knows(self, token: str) -> bool:
        """Whether a form with this token is this session's own."""
        try:
            sealed = urlsafe_b64decode(token)
        except ValueError:
            return False
        mask, rest = sealed[: len(self.csrf)], sealed[len(self.csrf) :]
        return len(mask) == len(rest) and secrets.compare_digest(_masked(rest, mask), self.csrf.encode())

    def track(self, application_no: str, query_code: str) -> None:
        self.is_new = False
        self.tracked.pop(application_no, None)
        self.tracked[application_no] = query_code
        for oldest in list(self.tracked)[:-TRACKED_AT_MOST]:
            del self.tracked[oldest]


def _masked(text: bytes, mask: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(text, mask, strict=True))


class Envelope:
    """Seals small JSON values into text for cookies and links; each purpose has its own key."""

    def __init__(self, master_key: bytes, purpose: str):
        self._sealer = Sealer(master_key, f"portal.{purpose}")

    def seal(self, value: Any) -> str:
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return urlsafe_b64encode(self._sealer.seal(plain)).decode().rstrip("=")

    def open(self, text: str) -> Any:
        """The value, or None when this key did not seal it."""
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return json.loads(self._sealer.open(sealed))
        except (BrokenSeal, ValueError):
            return None


class SessionSeal:
    """Reads and writes the session cookie's value."""

    def __init__(self, master_key: bytes):
        self._envelope = Envelope(master_key, "session")

    def read(self, cookie: str | None) -> Session:
        value = self._envelope.open(cookie) if cookie else None
        if isinstance(value, dict):
            known = {f.name for f in fields(Session)}
            return Session(**{k: v for k, v in value.items() if k in known})
        return Session(is_new=True)

    def write(self, session: Session) -> str:
        return self._envelope.seal(asdict(session) | {"is_new": False})

    @staticmethod
    def snapshot(session: Session) -> str:
        """To see whether a request changed anything; a new session is kept only once a form uses it."""
        return "" if session.is_new else json.dumps(asdict(session), sort_keys=True)
