"""A real mail server on a port of its own that keeps what it took, or answers as it is told."""

from __future__ import annotations

import ssl
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from deploy.local.processes import free_port


class MailServer:
    """Used as ``with MailServer() as server``. ``rcpt`` and ``data`` replace its answers while set."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, user: str = "", password: str = ""):
        self.letters: list[EmailMessage] = []
        self.encrypted: list[bool] = []
        self.rcpt = self.data = ""
        options: dict[str, Any] = {"enable_SMTPUTF8": True, "ready_timeout": 20}
        if tls is not None:
            options |= {"tls_context": tls, "require_starttls": True}
        if user:
            options |= {"auth_required": True, "authenticator": self._authenticator(user, password)}
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port(), **options)

    def __enter__(self) -> MailServer:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    @property
    def ids(self) -> list[str]:
        """The ``Message-ID`` of each letter taken, in order."""
        return [str(letter["Message-ID"]) for letter in self.letters]

    async def handle_RCPT(
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Session, envelope: Envelope) -> str:
        if self.data:
            return self.data
        assert isinstance(envelope.content, bytes)
        self.encrypted.append(session.ssl is not None)
        self.letters.append(message_from_bytes(envelope.content, policy=SMTP))
        return "250 OK"

    def _authenticator(self, user: str, password: str) -> Any:
        def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
            right = isinstance(data, LoginPassword) and (data.login, data.password) == (
                user.encode(),
                password.encode(),
            )
            return AuthResult(success=right, handled=False)

        return check
