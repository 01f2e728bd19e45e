"""Firms and who may act for them: every move from every state, and what is found again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from chassis.agencies import Acting, acting
from chassis.database import Database
from chassis.fakes.database import deliver, events_of
from chassis.trust import EVENTS, keep
from contracts.identity import AccountOpened, AgencyEnded, AgencyGranted
from services.identity import handlers, orm
from services.identity.domain import InvalidAccount, UnknownAccount
from services.identity.domain.firms import (
    Agency,
    IllegalMove,
    Invitation,
    LastAdministrator,
    NotInvited,
    OwnInvitation,
    UnknownAgency,
)
from services.identity.domain.real_name import LevelNeeded
from services.identity.handlers import firms

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
CODE = "91329982MA9A00045Y"
DAY = timedelta(days=1)


def invitation(**changes: Any) -> Invitation:
    values: dict[str, Any] = {
        "invitation_id": "i1",
        "firm": "firm",
        "name": "沈佳禾",
        "items": ["open-restaurant"],
        "until": NOW + 30 * DAY,
        "code_hash": "",
        "invited_by": "boss",
        "invited_at": NOW,
        "expires_at": NOW + 7 * DAY,
    }
    return Invitation(**(values | changes))


def agency(**changes: Any) -> Agency:
    return vars_replaced(invitation().accept("a1", "agent", NOW), changes)


def vars_replaced(found: Agency, changes: dict[str, Any]) -> Agency:
    for name, value in changes.items():
        setattr(found, name, value)
    return found


INVITATIONS = {
    "accepted": {"accepted_at": NOW},
    "declined": {"declined_at": NOW},
    "withdrawn": {"withdrawn_at": NOW},
    "expired": {"expires_at": NOW},
}
MOVES = {
    "accept": lambda i: i.accept("a1", "agent", NOW),
    "decline": lambda i: i.decline(NOW),
    "withdraw": lambda i: i.withdraw(NOW),
}


@pytest.mark.parametrize("state", INVITATIONS)
@pytest.mark.parametrize("move", MOVES)
def test_an_invitation_that_is_over_can_not_be_moved(state: str, move: str) -> None:
    over = invitation(**INVITATIONS[state])
    with pytest.raises(IllegalMove) as refused:
        MOVES[move](over)
    assert (refused.value.thing, refused.value.state, refused.value.move) == ("invitation", state, move)


@pytest.mark.parametrize(
    ("move", "state"), list(zip(MOVES, ("accepted", "declined", "withdrawn"), strict=True))
)
def test_an_open_invitation_takes_each_move_once(move: str, state: str) -> None:
    found = invitation()
    MOVES[move](found)
    assert found.state(NOW) == state
    with pytest.raises(IllegalMove):
        MOVES[move](found)


def test_what_is_offered_must_not_be_over_before_it_is_taken() -> None:
    assert invitation(until=NOW + DAY, expires_at=NOW + 7 * DAY).state(NOW + DAY) == "expired"


@pytest.mark.parametrize(("state", "changes"), [("ended", {"ended_at": NOW}), ("expired", {"until": NOW})])
def test_an_agency_that_is_over_can_not_be_ended_again(state: str, changes: dict[str, Any]) -> None:
    over = agency(**changes)
    for move in (lambda: over.revoke("boss", NOW), lambda: over.renounce(NOW)):
        with pytest.raises(IllegalMove) as refused:
            move()
        assert (refused.value.thing, refused.value.state) == ("agency", state)
    assert not over.covers("open-restaurant", NOW)


def test_only_the_person_named_may_take_an_invitation() -> None:
    invitation().is_for("agent", "沈佳禾")
    with pytest.raises(NotInvited):
        invitation().is_for("agent", "沈菊芳")
    for own in ("boss", "firm"):
        with pytest.raises(OwnInvitation):
            invitation().is_for(own, "沈佳禾")


CODES = st.sets(st.sampled_from(["a", "b", "c", "d"]))


@given(items=CODES, item=st.sampled_from(["a", "b", "c", "d"]), hours=st.integers(-48, 48))
def test_an_agency_is_good_for_its_items_until_its_end_and_never_after(
    items: set[str], item: str, hours: int
) -> None:
    now = NOW + timedelta(hours=hours)
    found = agency(items=sorted(items), until=NOW)
    assert found.covers(item, now) == (hours < 0 and (not items or item in items))


@given(items=CODES, item=st.sampled_from(["a", "b", "c", "d"]))
def test_services_judge_a_scope_as_identity_does(items: set[str], item: str) -> None:
    here = Acting("firm", frozenset(items) if items else None, administrator=False)
    assert here.covers(item) == agency(items=sorted(items)).covers(item, NOW)


# handlers


def person(database: Database, login: str, name: str, level: int = 2) -> str:
    with database.transaction() as uow:
        return handlers.open_account(
            login=login, password_hash="-", kind="person", display_name=name, level=level, uow=uow
        ).account_id


def founded(database: Database, by: str, code: str = CODE) -> str:
    with database.transaction() as uow:
        return firms.found(code, "江塘禾记餐饮有限公司", by, uow).account_id


def invited(database: Database, firm: str, by: str, **changes: Any) -> tuple[str, str]:
    with database.transaction() as uow:
        values: dict[str, Any] = {"name": "沈菊芳", "items": ["x"], "until": uow.now + 30 * DAY} | changes
        made, code = firms.invite(firm, **values, by=by, uow=uow)
        return made.invitation_id, code


def how_far(database: Database, agent: str, firm: str) -> Acting | None:
    deliver(database, keep, events_of(database, *EVENTS), subscription="identity.trust")
    with database.read() as session:
        return acting(agent, firm, database.now(session), session)


def acts(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(orm.audit.c.act).order_by(orm.audit.c.id)))


def test_a_firm_is_founded_once_and_its_representative_administers_it(database: Database) -> None:
    boss = person(database, "shenjiahe", "沈佳禾")
    firm = founded(database, boss)
    assert founded(database, boss) == firm
    opened = [e.event for e in events_of(database, AccountOpened)]
    assert opened[-1] == AccountOpened(account_id=firm, kind="firm")
    (granted,) = [e.event for e in events_of(database, AgencyGranted)]
    assert isinstance(granted, AgencyGranted)
    assert (granted.firm, granted.agent, granted.role, granted.items) == (firm, boss, "administrator", ())
    assert how_far(database, boss, firm) == Acting(firm, None, administrator=True)
    assert acts(database) == ["found_firm", "grant_agency", "grant_agency"]


def test_a_firm_that_has_an_account_keeps_it(database: Database) -> None:
    boss = person(database, "shenjiahe", "沈佳禾")
    with database.transaction() as uow:
        before = handlers.open_account(
            login="heji", password_hash="x", kind="firm", display_name="禾记", credit_code=CODE, uow=uow
        ).account_id
    assert founded(database, boss) == before


def test_a_tampered_credit_code_and_a_stranger_found_nothing(database: Database) -> None:
    boss = person(database, "shenjiahe", "沈佳禾")
    with pytest.raises(InvalidAccount) as wrong:
        founded(database, boss, "91329982MA9A00045X")
    assert wrong.value.fields == {"credit_code": "credit_code"}
    with pytest.raises(UnknownAccount):
        founded(database, "nobody")


def test_an_invitation_becomes_an_agency_and_ends(database: Database) -> None:
    boss, agent = person(database, "boss", "沈佳禾"), person(database, "agent", "沈菊芳")
    firm = founded(database, boss)
    _, code = invited(database, firm, boss)
    with database.transaction() as uow:
        made = firms.accept(f"{code[:5]} {code[5:].lower()}", agent, uow)
    assert how_far(database, agent, firm) == Acting(firm, frozenset({"x"}), administrator=False)
    with database.transaction() as uow, pytest.raises(IllegalMove) as used:
        firms.accept(code, agent, uow)
    assert used.value.state == "accepted"
    with database.transaction() as uow:
        firms.revoke(firm, made.agency_id, boss, uow)
    assert how_far(database, agent, firm) is None
    assert [type(e.event) for e in events_of(database, AgencyEnded)] == [AgencyEnded]
    with database.transaction() as uow, pytest.raises(IllegalMove):
        firms.renounce(made.agency_id, agent, uow)


def test_an_agent_may_give_up_and_nobody_elses(database: Database) -> None:
    boss, agent = person(database, "boss", "沈佳禾"), person(database, "agent", "沈菊芳")
    firm = founded(database, boss)
    _, code = invited(database, firm, boss, items=[])
    with database.transaction() as uow:
        made = firms.accept(code, agent, uow).agency_id
    for refused in (lambda u: firms.renounce(made, boss, u), lambda u: firms.revoke(boss, made, boss, u)):
        with database.transaction() as uow, pytest.raises(UnknownAgency):
            refused(uow)
    with database.transaction() as uow:
        firms.renounce(made, agent, uow)
    assert how_far(database, agent, firm) is None


def test_who_may_not_accept(database: Database) -> None:
    boss, agent = person(database, "boss", "沈佳禾"), person(database, "agent", "沈菊芳")
    unknown, other = person(database, "low", "沈菊芳", level=1), person(database, "other", "顾阿珍")
    firm = founded(database, boss)
    invitation_id, code = invited(database, firm, boss)
    wrong: list[tuple[str, str, type[Exception]]] = [
        (code, unknown, LevelNeeded),
        (code, other, NotInvited),
        ("2222222222", agent, NotInvited),
        (code, boss, OwnInvitation),
    ]
    for text, who, error in wrong:
        with database.transaction() as uow, pytest.raises(error):
            firms.accept(text, who, uow)
    with database.transaction() as uow:
        firms.withdraw(firm, invitation_id, boss, uow)
    with database.transaction() as uow, pytest.raises(IllegalMove) as over:
        firms.decline(code, agent, uow)
    assert over.value.state == "withdrawn"


def test_every_wrong_field_of_an_invitation_is_named(database: Database) -> None:
    boss = person(database, "boss", "沈佳禾")
    firm = founded(database, boss)
    many = [f"item-{n}" for n in range(101)]
    with pytest.raises(InvalidAccount) as wrong:
        invited(database, firm, boss, name=" ", until=NOW - 9000 * DAY, items=many)
    assert wrong.value.fields == {"items": "too_many_items", "until": "until", "name": "name"}


def test_a_firm_nobody_signs_in_to_keeps_an_administrator(database: Database) -> None:
    boss = person(database, "boss", "沈佳禾")
    firm = founded(database, boss)
    (own,) = [e.subject for e in events_of(database, AgencyGranted)]
    for leave in (lambda u: firms.renounce(own, boss, u), lambda u: firms.revoke(firm, own, boss, u)):
        with database.transaction() as uow, pytest.raises(LastAdministrator):
            leave(uow)
    assert how_far(database, boss, firm)


def test_the_replica_ends_the_same_in_any_order(database: Database) -> None:
    boss, agent = person(database, "boss", "沈佳禾"), person(database, "agent", "沈菊芳")
    firm = founded(database, boss)
    _, code = invited(database, firm, boss)
    with database.transaction() as uow:
        made = firms.accept(code, agent, uow).agency_id
    with database.transaction() as uow:
        firms.revoke(firm, made, boss, uow)
    said = events_of(database, AgencyGranted, AgencyEnded)
    deliver(database, keep, reversed(said), subscription="backwards")
    deliver(database, keep, said, subscription="again", batch=10)
    assert how_far(database, agent, firm) is None
    assert how_far(database, boss, firm)
