"""Firms: who may act for one, from the invitation to the end. Pure; times and ids are passed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from contracts.identity import AgencyEnded, AgencyGranted

Role = Literal["administrator", "agent"]
InvitationState = Literal["open", "accepted", "declined", "withdrawn", "expired"]
AgencyState = Literal["current", "ended", "expired"]

INVITATION_LIVES = timedelta(days=7)
LONGEST = timedelta(days=3 * 366)
AGENT_LEVEL = 2
"""The real-name level of whoever acts for a firm."""
MOST_ITEMS = 100


class IllegalMove(Exception):
    """A move that the present state doesn't allow. ``thing`` is invitation or agency."""

    def __init__(self, thing: str, state: str, move: str):
        super().__init__(f"can't {move} an {thing} that is {state}")
        self.thing = thing
        self.state = state
        self.move = move


class OwnInvitation(Exception):
    """Who invites can't be who accepts."""


class NotInvited(LookupError):
    """No invitation with this code, or one that names somebody else."""


class UnknownAgency(LookupError):
    """No such agency or invitation of this firm (or person)."""


class NotAdministrator(Exception):
    """Only the firm itself and its administrators may do this."""


class LastAdministrator(Exception):
    """A firm nobody signs in to would be left without anybody who can act for it."""


@dataclass(kw_only=True, eq=False)
class Agency:
    """A person who may act for a firm. ``items`` are codes of items and packages; none: all of them."""

    agency_id: str
    firm: str
    agent: str
    role: Role
    items: list[str]
    until: datetime | None
    granted_at: datetime
    granted_by: str
    ended_at: datetime | None = None
    ended_by: str | None = None

    def state(self, now: datetime) -> AgencyState:
        if self.ended_at is not None:
            return "ended"
        return "expired" if self.until is not None and now >= self.until else "current"

    def covers(self, item: str, now: datetime) -> bool:
        """Whether it is good for the item or package of this code now."""
        return self.state(now) == "current" and (not self.items or item in self.items)

    def granted(self) -> AgencyGranted:
        return AgencyGranted(
            agency_id=self.agency_id,
            firm=self.firm,
            agent=self.agent,
            role=self.role,
            items=tuple(self.items),
            until=self.until,
            granted_at=self.granted_at,
        )

    def revoke(self, by: str, now: datetime) -> AgencyEnded:
        """The firm takes it back."""
        return self._end("revoke", by, now)

    def renounce(self, now: datetime) -> AgencyEnded:
        """The agent gives it up."""
        return self._end("renounce", self.agent, now)

    def _end(self, move: str, by: str, now: datetime) -> AgencyEnded:
        if (state := self.state(now)) != "current":
            raise IllegalMove("agency", state, move)
        self.ended_at, self.ended_by = now, by
        return AgencyEnded(agency_id=self.agency_id, firm=self.firm, agent=self.agent, ended_at=now)


@dataclass(kw_only=True, eq=False)
class Invitation:
    """A firm's word to one person, by name: whoever is called so and has the code may accept, once.

    ``until`` is the end of what is offered, ``expires_at`` the end of the offer.
    """

    invitation_id: str
    firm: str
    name: str
    items: list[str]
    until: datetime
    code_hash: str
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    accepted_at: datetime | None = None
    declined_at: datetime | None = None
    withdrawn_at: datetime | None = None

    def state(self, now: datetime) -> InvitationState:
        if self.accepted_at is not None:
            return "accepted"
        if self.declined_at is not None:
            return "declined"
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "expired" if now >= min(self.expires_at, self.until) else "open"

    def is_for(self, account_id: str, name: str) -> None:
        """Raises `OwnInvitation`, `NotInvited` when it is not this person's."""
        if account_id in (self.invited_by, self.firm):
            raise OwnInvitation(self.invitation_id)
        if name != self.name:
            raise NotInvited(self.invitation_id)

    def accept(self, agency_id: str, agent: str, now: datetime) -> Agency:
        """The invited person takes it up."""
        self._only_open("accept", now)
        self.accepted_at = now
        return Agency(
            agency_id=agency_id,
            firm=self.firm,
            agent=agent,
            role="agent",
            items=list(self.items),
            until=self.until,
            granted_at=now,
            granted_by=self.invited_by,
        )

    def decline(self, now: datetime) -> None:
        """The invited person doesn't want to."""
        self._only_open("decline", now)
        self.declined_at = now

    def withdraw(self, now: datetime) -> None:
        """The firm thinks better of it."""
        self._only_open("withdraw", now)
        self.withdrawn_at = now

    def _only_open(self, move: str, now: datetime) -> None:
        if (state := self.state(now)) != "open":
            raise IllegalMove("invitation", state, move)


def check_invitation(items: Iterable[str], until: datetime, now: datetime) -> dict[str, str]:
    """Wrong fields by reason; empty when it may be sent."""
    wrong: dict[str, str] = {}
    if len(set(items)) > MOST_ITEMS:
        wrong["items"] = "too_many_items"
    if not now < until <= now + LONGEST:
        wrong["until"] = "until"
    return wrong


def administrator(agency_id: str, firm: str, agent: str, granted_by: str, now: datetime) -> Agency:
    """The legal representative 法定代表人: everything, until further notice."""
    return Agency(
        agency_id=agency_id,
        firm=firm,
        agent=agent,
        role="administrator",
        items=[],
        until=None,
        granted_at=now,
        granted_by=granted_by,
    )
