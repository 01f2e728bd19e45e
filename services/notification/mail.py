"""E-mail: how a letter looks, and the two ways it goes: by SMTP, or into the sandbox."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from pathlib import Path

from chassis.bulk import ignoring_known
from chassis.uow import UnitOfWork
from services.notification.orm import sandbox
from services.notification.words import Language, Words

TIMEOUT_S = 20.0
FOOT = {
    "zh": "这封邮件由一窗通自动发出，回信没有人看。不想收到邮件，可以在“怎么通知我”里关掉。",
    "en": "Sent by One Window; replies are not read. You can turn e-mail off under “How to tell me”.",
}
GREETING = {"zh": "{name}，您好：", "en": "Dear {name},"}
OPEN = {"zh": "打开办件：", "en": "Open it: "}
SIGNATURE = {"zh": "一窗通", "en": "One Window"}


class TryLater(Exception):
    """It could not be sent now. The text is a code without personal data."""


class Refused(Exception):
    """It will never be taken: such an address does not exist. The text is a code."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent, to whom. ``key`` names it for good: the same key is the same letter."""

    key: str
    address: str
    name: str
    language: Language
    words: Words
    written_at: datetime


class Provider:
    """A way for letters to leave: with `send`, or with the transaction of `settle`."""

    sends_at_once = True

    def send(self, letter: Letter) -> None:
        """Raises `TryLater` or `Refused`."""
        raise NotImplementedError

    def settle(self, uow: UnitOfWork) -> None:
        """Take part in the transaction that keeps what became of the letters sent before."""


@dataclass(frozen=True)
class Settings:
    """Where mail goes. Without a ``host`` it goes into the sandbox.

    ``security``: starttls, tls (from the first byte) or none. ``site`` is the portal's address.
    """

    host: str = ""
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str | None = None
    sender: str = "yichuangtong@jiangtang.example"
    site: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str], site: str) -> Settings:
        """Read ``ONEWINDOW_SMTP_*``, ``ONEWINDOW_MAIL_FROM``, ``ONEWINDOW_SITE``."""
        password_file = environ.get("ONEWINDOW_SMTP_PASSWORD_FILE")
        security = environ.get("ONEWINDOW_SMTP_SECURITY", "starttls")
        if security not in ("starttls", "tls", "none"):
            raise ValueError(f"ONEWINDOW_SMTP_SECURITY must be starttls, tls or none, not {security}")
        return cls(
            host=environ.get("ONEWINDOW_SMTP_HOST", ""),
            port=int(environ.get("ONEWINDOW_SMTP_PORT", "587")),
            security=security,
            user=environ.get("ONEWINDOW_SMTP_USER", ""),
            password=Path(password_file).read_text(encoding="utf-8").strip() if password_file else "",
            ca_file=environ.get("ONEWINDOW_SMTP_CA_FILE"),
            sender=environ.get("ONEWINDOW_MAIL_FROM", cls.sender),
            site=environ.get("ONEWINDOW_SITE", site),
        )


def provider_of(settings: Settings) -> Provider:
    """The configured way."""
    return Smtp(settings) if settings.host else Sandbox(settings)


def texts_of(settings: Settings) -> Provider:
    """How text messages go: into the sandbox; where mail really leaves, nowhere until there is a provider."""
    return NoTexts() if settings.host else SandboxTexts(settings)


def body_of(letter: Letter, site: str) -> str:
    """The letter's plain text. Its link says nothing: it opens the message after signing in."""
    language = letter.language
    root = site.rstrip("/") + ("/en" if language == "en" else "")
    return "\n\n".join(
        [
            GREETING[language].format(name=letter.name),
            letter.words.text,
            f"{OPEN[language]}{root}/m/{letter.key}",
            f"{SIGNATURE[language]}\n{FOOT[language]}",
        ]
    )


def as_email(letter: Letter, settings: Settings) -> EmailMessage:
    """The letter as RFC 5322. ``Message-ID`` is made of its key, so that every copy is the same message."""
    made = EmailMessage(policy=SMTP)
    made["From"] = formataddr((SIGNATURE[letter.language], settings.sender))
    made["To"] = letter.address
    made["Subject"] = letter.words.title
    made["Date"] = format_datetime(letter.written_at)
    made["Message-ID"] = f"<{letter.key}@{settings.sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made["Content-Language"] = "zh-CN" if letter.language == "zh" else "en"
    made.set_content(body_of(letter, settings.site) + "\n")
    return made


class Smtp(Provider):
    """Hands each letter to a mail server, over a connection of its own."""

    def __init__(self, settings: Settings):
        self._settings = settings

    def send(self, letter: Letter) -> None:
        made = as_email(letter, self._settings)
        try:
            with self._connect() as server:
                server.send_message(made, self._settings.sender, [letter.address])
        except smtplib.SMTPRecipientsRefused as error:
            answer = next(iter(error.recipients.values()))[0]
            raise (Refused if answer >= 500 else TryLater)(f"recipient {answer}") from None
        except smtplib.SMTPDataError as error:
            raise (Refused if error.smtp_code >= 500 else TryLater)(f"data {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise TryLater(f"{type(error).__name__} {getattr(error, 'smtp_code', '')}".strip()) from None

    def _connect(self) -> smtplib.SMTP:
        s = self._settings
        context = ssl.create_default_context(cafile=s.ca_file)
        server: smtplib.SMTP
        if s.security == "tls":
            server = smtplib.SMTP_SSL(s.host, s.port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(s.host, s.port, timeout=TIMEOUT_S)
        try:
            if s.security == "starttls":
                server.starttls(context=context)
            if s.user:
                server.login(s.user, s.password)
        except BaseException:
            server.close()
            raise
        return server


class NoTexts(Provider):
    """No provider of text messages is connected."""

    def send(self, letter: Letter) -> None:
        raise Refused("no provider of text messages")


class Sandbox(Provider):
    """Keeps what would have been sent, together with its outcome. The same letter twice is one."""

    sends_at_once = False

    def __init__(self, settings: Settings):
        self._settings = settings
        self._letters: list[Letter] = []

    def send(self, letter: Letter) -> None:
        self._letters.append(letter)

    def settle(self, uow: UnitOfWork) -> None:
        letters, self._letters = self._letters, []
        rows = [
            {
                "message_id": letter.key,
                "sent_at": uow.now,
                "address": letter.address,
                "subject": letter.words.title,
                "body": self.body_of(letter),
            }
            for letter in letters
        ]
        if rows:
            uow.insert_rows(sandbox, rows, ignoring_known)

    def body_of(self, letter: Letter) -> str:
        """What the letter says."""
        return body_of(letter, self._settings.site)


class SandboxTexts(Sandbox):
    """The same for text messages, which have no greeting and no foot."""

    def body_of(self, letter: Letter) -> str:
        return letter.words.text
