"""Clients: the systems people sign in to through here, and machines that ask for tokens themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9._-]{2,31}")
SCOPE = re.compile(r"[a-z][a-z0-9_.:-]{0,39}")
RESERVED = frozenset({"onewindow", "portal"})
"""The audience of the platform's own interfaces, and the client that is always there."""

OPENID, PROFILE, FIRM, PLATFORM = "openid", "profile", "firm", "onewindow"
SIGN_IN_SCOPES = (OPENID, PROFILE, FIRM)
"""What a system people sign in to may ask for. A machine may also have `PLATFORM`, which opens the platform's
own interfaces as far as its role goes, and words of its own that the services give a meaning."""


class InvalidClient(ValueError):
    """Every wrong field with its reason (English, for operators)."""

    def __init__(self, fields: dict[str, str]):
        super().__init__(", ".join(f"{name}: {reason}" for name, reason in fields.items()))
        self.fields = fields


@dataclass(kw_only=True, eq=False)
class Client:
    """A registered client. Without ``secret_hash`` it is public (an app on people's own devices);
    ``account_id`` is in whose name a machine acts; ``backchannel_uri`` is where it hears of sign-outs.
    A ``first_party`` client is part of the platform: nobody is asked for consent, and its tokens open the
    platform's own interfaces."""

    client_id: str
    name: dict[str, str]
    secret_hash: str | None = None
    first_party: bool = False
    redirect_uris: list[str] = field(default_factory=list)
    logout_uris: list[str] = field(default_factory=list)
    backchannel_uri: str | None = None
    scopes: list[str] = field(default_factory=list)
    account_id: str | None = None
    created_at: datetime

    @property
    def is_machine(self) -> bool:
        return self.account_id is not None

    def allowed(self, asked: str | None) -> str | None:
        """The scopes to grant out of those asked for (none asked: all it has); None when some are not its."""
        wanted = (asked or " ".join(self.scopes)).split()
        return " ".join(dict.fromkeys(wanted)) if wanted and set(wanted) <= set(self.scopes) else None

    def audience(self, scope: str) -> list[str]:
        """Whom a token with this scope is meant for."""
        if self.first_party or (self.is_machine and PLATFORM in scope.split()):
            return [PLATFORM]
        return [self.client_id]


def check_client(
    *,
    client_id: str,
    name: str,
    redirect_uris: Sequence[str],
    logout_uris: Sequence[str],
    backchannel_uri: str | None,
    scopes: Sequence[str],
    is_machine: bool,
    is_public: bool,
) -> dict[str, str]:
    """Wrong fields by reason; empty when the client may be registered."""
    wrong: dict[str, str] = {}
    if not CLIENT_ID.fullmatch(client_id) or client_id in RESERVED:
        wrong["client_id"] = "3 to 32 of a-z, 0-9, '.', '_', '-'; not onewindow, not portal"
    if not 2 <= len(name.strip()) <= 50:
        wrong["name"] = "2 to 50 characters"
    for option, uris in (("redirect", redirect_uris), ("post_logout", logout_uris)):
        if not all(map(is_address, uris)):
            wrong[option] = "an https address without a fragment (http on this machine alone)"
    if backchannel_uri is not None and not is_address(backchannel_uri):
        wrong["backchannel"] = "an https address without a fragment (http on this machine alone)"
    if is_machine and (redirect_uris or is_public):
        wrong["redirect"] = "a machine has none, and a secret"
    elif not is_machine and not redirect_uris:
        wrong["redirect"] = "at least one"
    if not all(SCOPE.fullmatch(scope) for scope in scopes) or (
        not is_machine and not {OPENID} <= set(scopes) <= set(SIGN_IN_SCOPES)
    ):
        wrong["scope"] = f"of {', '.join(SIGN_IN_SCOPES)}, openid among them; a machine's may be others"
    return wrong


def is_address(uri: str) -> bool:
    """Whether people may be sent there, or notes: https, or http on one's own machine, nothing odd in it."""
    try:
        parts = urlsplit(uri)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        parts.port  # noqa: B018 (raises when it is none)
    except ValueError:
        return False
    plain = uri.isascii() and uri.isprintable() and not {" ", "\\", "<", ">", '"'} & set(uri)
    return (
        plain
        and len(uri) <= 500
        and bool(parts.hostname)
        and not parts.fragment
        and "@" not in parts.netloc
        and (parts.scheme == "https" or (parts.scheme == "http" and local))
    )
