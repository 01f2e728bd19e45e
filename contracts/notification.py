"""What notification says: that there is something new to read. The words are read from notification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contracts.base import Event, event

Category = Literal["progress", "todo", "result", "supervision"]


@event(subject="account")
@dataclass(frozen=True, kw_only=True)
class MessageWritten(Event):
    """A message stands in an account's space 站内消息."""

    account: str
    category: Category


@event(subject="account")
@dataclass(frozen=True, kw_only=True)
class MessagesRead(Event):
    """The account has read messages, here or on another device: what is unread has changed."""

    account: str
