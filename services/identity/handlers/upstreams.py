"""Sign-ins through other providers: begun, answered, refused; every refusal is written down."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, delete, select
from sqlalchemy.exc import IntegrityError

from chassis import sealing
from chassis.uow import UnitOfWork
from contracts.identity import SecurityChanged
from services.identity.domain import BY_UPSTREAM, NO_PASSWORD, Account, InvalidAccount, Origin
from services.identity.domain.real_name import NUMBER_LEVEL
from services.identity.domain.upstreams import (
    FLOW_LIVES,
    TICKET_LIVES,
    LinkTicket,
    Overtaken,
    UpstreamFlow,
    UpstreamLink,
    UpstreamRefused,
    Vouched,
    check_linkable,
    decide,
)
from services.identity.handlers.accounts import locked, open_account
from services.identity.handlers.audit import write_down
from services.identity.handlers.real_name import bind_number, raise_level
from services.identity.handlers.sessions import SignedIn
from services.identity.handlers.steps import StepNeeded, proceed
from services.identity.numbers import blind_indexes
from services.identity.orm import account as account_table
from services.identity.orm import link_ticket, upstream_flow, upstream_link
from services.identity.orm.upstreams import SUBJECT_INDEX

NOBODY = "unknown"


@dataclass(frozen=True, slots=True)
class SignInToLink:
    """The number belongs to an account that has not shown it (``claimed``), or has shown it under another
    name: its holder signs in there once, then the ticket links both."""

    ticket: str
    claimed: bool


@dataclass(frozen=True, slots=True)
class Begun:
    """What the browser takes along; only hashes of it are kept, and the verifier sealed."""

    state: str
    nonce: str
    verifier: str


def begin(upstream: str, browser: str, fresh: bool, uow: UnitOfWork) -> Begun:
    """A sign-in of this browser; those that are over are forgotten."""
    uow.session.execute(delete(upstream_flow).where(upstream_flow.c.begun_at < uow.now - FLOW_LIVES))
    uow.session.execute(delete(link_ticket).where(link_ticket.c.made_at < uow.now - TICKET_LIVES))
    begun = Begun(*(secrets.token_urlsafe(n) for n in (24, 24, 48)))
    flow = UpstreamFlow(
        key=_hash(begun.state),
        upstream=upstream,
        browser=_hash(browser),
        nonce=begun.nonce,
        verifier=begun.verifier,
        fresh=fresh,
        begun_at=uow.now,
    )
    uow.session.add(flow)
    return begun


def take_flow(upstream: str, state: str, browser: str, uow: UnitOfWork) -> UpstreamFlow:
    """The sign-in a state belongs to, used up by this, be it the right browser or another. Raises
    `UpstreamRefused`: to be kept."""
    key = _hash(state)
    flow = uow.lock(UpstreamFlow, [key]).get(key)
    if flow is None:
        raise UpstreamRefused("state")
    uow.session.delete(flow)
    uow.session.flush()
    if not flow.is_open(uow.now) or flow.upstream != upstream:
        raise UpstreamRefused("state")
    if not secrets.compare_digest(flow.browser, _hash(browser)):
        raise UpstreamRefused("browser")
    return flow


def settle(
    vouched: Vouched, origin: Origin, roles: Collection[str], uow: UnitOfWork, knows: Collection[str]
) -> SignedIn | StepNeeded | SignInToLink:
    """Sign in whom a provider vouches for; ``knows`` are the accounts this device has seen. Raises
    `UpstreamRefused`, `Overtaken`."""
    linked, link = _linked(vouched, uow)
    holder = _holder(vouched, uow) if linked is None else None
    taken = holder is not None and _is_linked(holder.account_id, vouched.issuer, uow)
    move = decide(vouched, linked, holder, taken)
    if move == "sign_in_locally":
        assert holder is not None
        write_down(_by(vouched), "upstream:link_by_sign_in", [holder.account_id], uow)
        return SignInToLink(_ticket(vouched, uow), holder.level < NUMBER_LEVEL)
    account = linked or holder or _opened(vouched, uow)
    if link is None:
        make_link(vouched, account, uow)
    else:
        link.used_at = uow.now
    _raise(vouched, account, uow)
    new = account.account_id not in knows
    return proceed(account, origin, roles, uow, passed=[_by(vouched)], new_device=new)


def open_apart(ticket: str, origin: Origin, roles: Collection[str], uow: UnitOfWork) -> SignedIn | StepNeeded:
    """An account for whom the ticket speaks of, who says that the one with their number isn't theirs: that
    one only claimed it, and loses it. Raises `UpstreamRefused`, `Overtaken`."""
    vouched = take_ticket(ticket, uow)
    holder = _holder(vouched, uow)
    if holder is not None:
        check_linkable(holder)
        if holder.level >= NUMBER_LEVEL:
            raise UpstreamRefused("number_taken")
    check_unlinked(vouched, None, uow)
    account = _opened(replace(vouched, id_number=None, level=0), uow)
    _raise(vouched, account, uow)
    make_link(vouched, account, uow)
    return proceed(account, origin, roles, uow, passed=[_by(vouched)])


def take_ticket(ticket: str, uow: UnitOfWork) -> Vouched:
    """Whom it speaks of, used up by this. Raises `UpstreamRefused`."""
    key = _hash(ticket)
    found = uow.lock(LinkTicket, [key]).get(key)
    if found is None or not found.is_open(uow.now):
        raise UpstreamRefused("ticket")
    uow.session.delete(found)
    uow.session.flush()
    return Vouched(**found.vouched)


def make_link(vouched: Vouched, account: Account, uow: UnitOfWork) -> None:
    """From now on the subject is this account; who had that account before is told."""
    link = UpstreamLink(
        link_id=uuid4().hex,
        upstream=vouched.upstream,
        issuer=vouched.issuer,
        subject=vouched.subject,
        subject_index=sealing.blind_index(uow.master_key, SUBJECT_INDEX, vouched.subject),
        account_id=account.account_id,
        linked_at=uow.now,
        used_at=uow.now,
    )
    try:
        with uow.session.begin_nested():
            uow.session.add(link)
    except IntegrityError:
        raise Overtaken from None
    write_down(_by(vouched), "upstream:link", [account.account_id], uow)
    if account.created_at < uow.now:
        uow.emit(SecurityChanged(account_id=account.account_id, change="upstream_linked"))


def note_refusal(upstream: str, reason: str, uow: UnitOfWork, account_id: str = NOBODY) -> None:
    """Write down that nobody was signed in, and why."""
    write_down(f"{BY_UPSTREAM}{upstream}", f"upstream:{reason}", [account_id], uow)


def _raise(vouched: Vouched, account: Account, uow: UnitOfWork) -> None:
    """The level the provider vouches for, when it is higher; with it the number, unless another account has
    shown that."""
    if vouched.level <= account.level:
        return
    if account.level < NUMBER_LEVEL and vouched.id_number is not None:
        try:
            bind_number(account, vouched.name, vouched.id_number, uow)
        except InvalidAccount:
            return
    raise_level(vouched.level, account, _by(vouched), uow)


def confirm_own(vouched: Vouched, account: Account, uow: UnitOfWork) -> None:
    """Somebody who has signed in here says that both are the same person: linked, and known by what the
    provider vouches for. Raises `UpstreamRefused` before anything has changed."""
    check_unlinked(vouched, account, uow)
    make_link(vouched, account, uow)
    _raise(vouched, account, uow)


def check_unlinked(vouched: Vouched, account: Account | None, uow: UnitOfWork) -> None:
    """Neither the subject nor the account belongs to another. Raises `UpstreamRefused`."""
    if _link_of(vouched, uow) is not None or (
        account is not None and _is_linked(account.account_id, vouched.issuer, uow)
    ):
        raise UpstreamRefused("other_subject")


def _link_of(vouched: Vouched, uow: UnitOfWork) -> Row[Any, Any] | None:
    """Link and account of this subject."""
    t = upstream_link.c
    subjects = sealing.blind_indexes(uow.master_key, SUBJECT_INDEX, vouched.subject)
    mine = select(t.link_id, t.account_id).where(t.issuer == vouched.issuer, t.subject_index.in_(subjects))
    return uow.session.execute(mine).first()


def _linked(vouched: Vouched, uow: UnitOfWork) -> tuple[Account, UpstreamLink] | tuple[None, None]:
    """The same, locked. Raises `Overtaken` when it has just been ended."""
    row = _link_of(vouched, uow)
    if row is None:
        return None, None
    account = locked(row.account_id, uow)
    link = uow.lock(UpstreamLink, [row.link_id]).get(row.link_id)
    if link is None:
        raise Overtaken
    return account, link


def _holder(vouched: Vouched, uow: UnitOfWork) -> Account | None:
    if vouched.id_number is None:
        return None
    indexes = blind_indexes(uow.master_key, vouched.id_number)
    t = account_table.c
    account_id = uow.session.scalar(select(t.account_id).where(t.id_index.in_(indexes)))
    return locked(account_id, uow) if account_id is not None else None


def _is_linked(account_id: str, issuer: str, uow: UnitOfWork) -> bool:
    t = upstream_link.c
    mine = select(t.link_id).where(t.account_id == account_id, t.issuer == issuer)
    return uow.session.execute(mine).first() is not None


def _opened(vouched: Vouched, uow: UnitOfWork) -> Account:
    try:
        return open_account(
            login=f"p{secrets.token_hex(5)}",
            password_hash=NO_PASSWORD,
            kind="person",
            display_name=vouched.name,
            id_number=vouched.id_number,
            level=vouched.level,
            opened_by=_by(vouched),
            uow=uow,
        )
    except InvalidAccount:
        raise Overtaken from None


def _ticket(vouched: Vouched, uow: UnitOfWork) -> str:
    ticket = secrets.token_urlsafe(32)
    uow.session.add(
        LinkTicket(key=_hash(ticket), upstream=vouched.upstream, vouched=asdict(vouched), made_at=uow.now)
    )
    return ticket


def _by(vouched: Vouched) -> str:
    return f"{BY_UPSTREAM}{vouched.upstream}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
