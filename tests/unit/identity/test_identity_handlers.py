from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select, update

from chassis import tables, timerows, trust
from chassis.auth import Verifier
from chassis.database import Database
from chassis.fakes.database import deliver, events_of
from chassis.subscription import subscriptions_of
from contracts.identity import AccountOpened, SigningKeyPublished, TokensRevoked
from services.identity import handlers, keys, orm, queries, sample
from services.identity.domain import InvalidAccount, UnknownAccount
from services.identity.handlers import accounts
from services.identity.worker import IdentityWorker

SAMPLE = Path(__file__).parents[3] / "sample_city"
FIRM = {"login": "yunfan", "kind": "firm", "display_name": "江塘云帆广告有限公司"}


def opened(database: Database, **account: Any) -> str:
    with database.transaction() as uow:
        return handlers.open_account(password_hash="-", uow=uow, **account).account_id


def somebody(database: Database, **changes: Any) -> str:
    return opened(database, **({"login": "somebody", "kind": "person", "display_name": "某人"} | changes))


def signed_in(database: Database, account_id: str) -> handlers.SignedIn:
    with database.transaction() as uow:
        return handlers.sign_in(account_id, uow)


def refreshed(database: Database, token: str) -> handlers.SignedIn | None:
    with database.transaction() as uow:
        return handlers.refresh(token, uow)


def jwks(database: Database) -> KeySet:
    with database.read() as session:
        return KeySet.import_key_set({"keys": keys.public_keys(session, database.now())})  # type: ignore[arg-type,list-item,typeddict-item]


def keyring(database: Database) -> Verifier:
    """What a service trusts that has heard everything identity said."""
    deliver(database, trust.keep, events_of(database, *trust.EVENTS), subscription="fresh")
    return Verifier(trust.Keyring(database))


def test_an_account_is_announced_without_any_name(database: Database) -> None:
    account_id = opened(database, **FIRM, credit_code="91329982MA9A000299")
    (envelope,) = events_of(database)
    assert envelope.event == AccountOpened(account_id=account_id, kind="firm")


def test_names_and_numbers_are_sealed_at_rest(database: Database) -> None:
    somebody(database, id_number="329982199504183021")
    with database.reader.connect() as connection:
        row = connection.exec_driver_sql("SELECT display_name, id_number, id_index FROM account").one()
    assert "某人".encode() not in row.display_name
    assert b"329982199504183021" not in row.id_number
    assert "329982199504183021" not in row.id_index


def test_what_is_taken_is_named_with_everything_else_that_is_wrong(database: Database) -> None:
    somebody(database, id_number="329982199504183021")
    with pytest.raises(InvalidAccount) as refused:
        somebody(database, display_name="x", id_number="329982 1995 0418 3021")
    assert refused.value.fields == {"display_name": "name", "login": "taken", "id_number": "taken"}
    opened(database, **FIRM, credit_code="91329982MA9A000299")
    with pytest.raises(InvalidAccount) as refused:
        opened(database, **FIRM | {"login": "other"}, credit_code="91329982ma9a000299")
    assert refused.value.fields == {"credit_code": "taken"}
    assert len(events_of(database)) == 2


def test_who_comes_a_moment_too_late_is_told_what_is_taken(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody(database)
    found, looks = accounts._taken, iter([True])

    def taken(*arguments: Any) -> Any:
        """The first look finds nothing, as if the other account were not committed yet."""
        return {} if next(looks, False) else found(*arguments)

    monkeypatch.setattr(accounts, "_taken", taken)
    with pytest.raises(InvalidAccount) as refused:
        somebody(database)
    assert refused.value.fields == {"login": "taken"}


def test_a_token_says_who_and_what_but_no_name(database: Database) -> None:
    account_id = somebody(database, kind="staff", roles=["officer"], department="SJ")
    token = signed_in(database, account_id).access_token
    decoded = jwt.decode(token, jwks(database), algorithms=["ES256"])
    claims = {"iss", "sub", "aud", "sid", "kind", "roles", "level", "dept", "iat", "exp", "jti"}
    assert set(decoded.claims) == claims
    assert decoded.claims["exp"] - decoded.claims["iat"] == 600
    assert "kid" in decoded.header
    caller = keyring(database).verify(token)
    assert (caller.account_id, caller.kind, caller.department) == (account_id, "staff", "SJ")
    assert caller.roles == {"officer"}


def test_a_refresh_token_used_twice_ends_its_session_only(database: Database) -> None:
    account_id = somebody(database)
    stolen, other = signed_in(database, account_id), signed_in(database, account_id)
    following = refreshed(database, stolen.refresh_token)
    assert following is not None
    assert refreshed(database, stolen.refresh_token) is None
    assert refreshed(database, following.refresh_token) is None
    assert refreshed(database, other.refresh_token) is not None
    signed_in(database, account_id)
    with database.read() as session:
        assert len(session.execute(select(orm.session)).all()) == 2, "the ended one is forgotten"


@pytest.mark.parametrize("token", ["", ".", "x", "x.y", "0" * 200])
def test_a_made_up_refresh_token_is_nothing(database: Database, token: str) -> None:
    assert refreshed(database, token) is None


def test_signing_out_everywhere_refuses_every_earlier_token_and_no_later_one(database: Database) -> None:
    account_id = somebody(database)
    before = signed_in(database, account_id)
    with database.transaction() as uow:
        handlers.sign_out_everywhere(account_id, uow)
    after = signed_in(database, account_id)
    revoked = events_of(database, TokensRevoked)[-1].event
    assert isinstance(revoked, TokensRevoked) and revoked.account_id == account_id
    assert refreshed(database, before.refresh_token) is None
    verifier = keyring(database)
    with pytest.raises(Exception, match="revoked"):
        verifier.verify(before.access_token)
    assert verifier.verify(after.access_token).account_id == account_id


def test_nobody_unknown_is_signed_out(database: Database) -> None:
    with pytest.raises(UnknownAccount), database.transaction() as uow:
        handlers.sign_out_everywhere("nobody", uow)


def test_reading_names_is_written_down(database: Database) -> None:
    account_id = somebody(database)
    with database.transaction() as uow:
        assert handlers.read_names([account_id, "moon", account_id], "clerk", uow) == [
            {"account_id": account_id, "display_name": "某人"}
        ]
    with database.read() as session:
        (row,) = session.execute(select(orm.audit)).all()
    assert (row.actor, row.act, row.subject) == ("clerk", "read_name", account_id)


def test_a_new_key_is_known_before_it_signs_and_the_old_one_outlives_its_tokens(database: Database) -> None:
    account_id = somebody(database)
    first = jwt.decode(signed_in(database, account_id).access_token, jwks(database)).header["kid"]
    with database.transaction() as uow:
        keys.rotate(uow)
        now = uow.now
    announced = {e.subject: e.event for e in events_of(database, SigningKeyPublished)}
    second = (announced.keys() - {first}).pop()
    retired = announced[first]
    assert isinstance(retired, SigningKeyPublished)
    assert retired.retired_at == now + keys.LEAD + trust.TOKEN_LIFETIME + keys.GRACE
    token = signed_in(database, account_id).access_token
    assert jwt.decode(token, jwks(database)).header["kid"] == first, "the lead is not over"
    assert keyring(database).verify(token)
    with database.transaction() as uow:
        uow.session.execute(update(orm.key).where(orm.key.c.kid == second).values(signs_from=now))
    assert jwt.decode(signed_in(database, account_id).access_token, jwks(database)).header["kid"] == second
    with database.transaction() as uow:
        long_ago = now - timedelta(days=2)
        uow.session.execute(update(orm.key).where(orm.key.c.kid == first).values(retired_at=long_ago))
    assert [k.kid for k in jwks(database).keys] == [second]
    with database.transaction() as uow:
        keys.rotate(uow)
    with database.read() as session:
        assert first not in session.scalars(select(orm.key.c.kid)).all()


def test_keys_are_rotated_when_their_day_has_come(database: Database) -> None:
    with database.transaction() as uow:
        keys.start(uow)
        uow.schedule(keys.ROTATION, "signing-key", uow.now - timedelta(seconds=1))
    rotate = IdentityWorker.rotate.__wrapped__
    assert timerows.sweep(database, keys.ROTATION, lambda s, uow: rotate(None, s, uow)) == 1
    assert len(jwks(database).keys) == 2
    with database.read() as session:
        row = session.execute(select(tables.time_row).where(tables.time_row.c.kind == keys.ROTATION)).one()
    assert row.done_at is None and row.due_at > database.now() + timedelta(days=29)


def test_the_private_key_is_sealed_and_never_published(database: Database) -> None:
    with database.transaction() as uow:
        keys.start(uow)
    with database.reader.connect() as connection:
        assert b'"d"' not in connection.exec_driver_sql("SELECT sealed FROM private_key").scalar_one()
    assert all("d" not in key.as_dict() for key in jwks(database).keys)
    assert b'"d"' not in str([e.event.to_data() for e in events_of(database)]).encode()


def test_the_sample_is_loaded_quickly_and_only_once(database: Database) -> None:
    started = time.perf_counter()
    with database.transaction() as uow:
        sample.load(SAMPLE, uow)
    assert time.perf_counter() - started < 3
    accounts = events_of(database, AccountOpened)
    written = yaml.safe_load((SAMPLE / "accounts.yaml").read_text(encoding="utf-8"))["accounts"]
    assert len(accounts) == len(written)
    with database.read() as session:
        logins = {
            name: queries.account(found.account_id, session)
            for name in (
                "shenjiahe",
                "heji",
                "yunfan",
                "luming",
                "qianxiaowen",
                "clerk-cg",
                "zhou-sup",
                "admin",
            )
            if (found := queries.login(name, session))
        }
        codes = ["sj", "ga", "sw", "rs", "gj", "xf", "cg", "zj", "wj", "zg", "gs"]
        officers = queries.known_logins((f"officer-{c}" for c in codes), session)
        systems = queries.known_logins((f"dept-{c}" for c in codes), session)
    assert len(logins) == 8 and len(officers) == len(systems) == 11
    assert (logins["zhou-sup"].department, logins["zhou-sup"].roles) == ("ZW", ["supervisor"])
    assert logins["yunfan"].credit_code == "91329982MA9A000299"
    with database.transaction() as uow:
        sample.load(SAMPLE, uow)
    assert len(events_of(database, AccountOpened)) == len(written)
    first, again = events_of(database, SigningKeyPublished)
    assert first.event == again.event, "the key is said again, for services whose database is new"


def test_identity_hears_whom_to_trust_where_staff_belong_and_what_makes_the_library() -> None:
    queues = [s.queue for s in subscriptions_of(IdentityWorker)]
    assert sorted(queues) == [
        "identity.catalog",
        "identity.certificates",
        "identity.readings",
        "identity.trust",
        "identity.units",
    ]
