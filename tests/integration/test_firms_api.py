"""Identity over HTTP: real names, invitations, agencies; who is refused, and that it is written down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from chassis.auth import ACTING_FOR
from chassis.database import Database
from chassis.fakes.database import events_of
from chassis.fakes.web import Mint, client
from contracts.identity import AgencyEnded, AgencyGranted, PhoneCodeWished
from services.identity import orm
from services.identity.web import create_app
from tests.integration.test_identity_api import BASE, as_, database, fields, hear, post, refused

__all__ = ["database"]

FIRM = "江塘禾记餐饮有限公司"
OWN_PATHS = [
    ("get", "/me/real-name"),
    ("post", "/me/real-name/phone"),
    ("post", "/me/real-name/phone/confirm"),
    ("post", "/me/real-name/number"),
    ("get", "/me/firms"),
    ("post", "/me/firms/x/renounce"),
    ("get", "/firm"),
    ("post", "/firm/invitations"),
    ("post", "/firm/invitations/x/withdraw"),
    ("post", "/firm/agencies/x/revoke"),
    ("post", "/invitations/look-up"),
    ("post", "/invitations/accept"),
    ("post", "/invitations/decline"),
    ("post", "/window/real-name"),
    ("get", "/phone-codes/x"),
]


@pytest.fixture
def app(database: Database) -> Iterator[Flask]:
    yield create_app(database.config, database=database)


def acting_for(who: FlaskClient, firm: str) -> FlaskClient:
    who.environ_base["HTTP_" + ACTING_FOR.upper().replace("-", "_")] = firm
    return who


def invited(firm: FlaskClient, **changes: Any) -> dict[str, Any]:
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    answer = post(firm, "/firm/invitations", {"name": "钱芸", "items": ["x"], "until": until} | changes)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def acts(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(orm.audit.c.act).order_by(orm.audit.c.id)))


def level_of(database: Database, login: str) -> int:
    with database.read() as session:
        return session.scalars(select(orm.account.c.level).where(orm.account.c.login == login)).one()


@pytest.mark.parametrize(("method", "path"), OWN_PATHS)
def test_nobody_without_a_valid_token_and_no_staff(
    app: Flask, database: Database, method: str, path: str
) -> None:
    mint = Mint("old")
    mint.install(database)
    expired = mint.token("somebody", issued_at=datetime.now(UTC).timestamp() - 700)
    for who in (client(app), client(app, expired)):
        assert refused(getattr(who, method)(BASE + path, json={})) == (401, "not-signed-in")
    wrong = mint.token("officer", kind="staff", roles=["officer"], dept="SJ")
    assert refused(getattr(client(app, wrong), method)(BASE + path, json={})) == (403, "not-allowed")


def test_from_invitation_to_the_end(app: Flask, database: Database) -> None:
    firm, agent = as_(app, "heji"), as_(app, "qianyun")
    made = invited(firm)
    assert made["state"] == "open" and len(made["code"]) == 10
    assert post(agent, "/invitations/look-up", {"code": made["code"]}).get_json()["firm_name"] == FIRM
    assert post(agent, "/invitations/accept", {"code": made["code"]}).status_code == 200
    again = post(agent, "/invitations/accept", {"code": made["code"]})
    assert refused(again) == (409, "invitation-over") and again.get_json()["state"] == "accepted"
    (mine,) = agent.get(f"{BASE}/me/firms").get_json()["items"]
    assert (mine["name"], mine["items"], mine["role"]) == (FIRM, ["x"], "agent")
    hear(database)
    who = acting_for(agent, mine["firm"])
    theirs = who.get(f"{BASE}/certificates").get_json()
    assert theirs == firm.get(f"{BASE}/certificates").get_json() != {"items": []}
    assert refused(who.get(f"{BASE}/firm")) == (403, "not-administrator")
    members = firm.get(f"{BASE}/firm").get_json()["members"]
    assert {(m["name"], m["role"], m["state"]) for m in members} == {
        ("钱芸", "agent", "current"),
        ("沈佳禾", "administrator", "current"),
    }
    assert post(firm, f"/firm/agencies/{mine['agency_id']}/revoke").status_code == 204
    over = post(firm, f"/firm/agencies/{mine['agency_id']}/revoke")
    assert refused(over) == (409, "agency-over")
    hear(database)
    assert refused(who.get(f"{BASE}/certificates")) == (403, "not-your-firm")
    said = [type(e.event) for e in events_of(database, AgencyGranted, AgencyEnded)]
    assert said == [AgencyGranted, AgencyGranted, AgencyEnded]
    written = [act for act in acts(database) if act.startswith(("invite", "grant", "refused", "revoke"))]
    assert written == [
        "invite_agent",
        *["grant_agency"] * 2,
        "refused_IllegalMove",
        "refused_administration",
        *["revoke_agency"] * 2,
        "refused_IllegalMove",
    ]


def test_codes_are_tried_a_few_times_only_and_every_refusal_is_written_down(
    app: Flask, database: Database
) -> None:
    firm, agent = as_(app, "heji"), as_(app, "qianyun")
    made = invited(firm, name="顾阿珍")
    assert refused(post(agent, "/invitations/accept", {"code": made["code"]})) == (404, "no-such-invitation")
    for _ in range(4):
        wrong = post(agent, "/invitations/accept", {"code": "2222222222"})
        assert refused(wrong) == (404, "no-such-invitation")
    assert refused(post(agent, "/invitations/accept", {"code": made["code"]})) == (429, "too-many-tries")
    assert acts(database).count("refused_NotInvited") == 5


def test_an_expired_invitation_and_ones_own_are_refused(app: Flask, database: Database) -> None:
    boss = as_(app, "shenjiahe")
    (mine,) = boss.get(f"{BASE}/me/firms").get_json()["items"]
    acting_for(boss, mine["firm"])
    own = invited(boss, name="沈佳禾")
    assert refused(post(as_(app, "shenjiahe"), "/invitations/accept", {"code": own["code"]})) == (
        403,
        "own-invitation",
    )
    old = invited(boss)
    with database.transaction() as uow:
        uow.session.execute(update(orm.invitation).values(expires_at=uow.now))
    expired = post(as_(app, "qianyun"), "/invitations/accept", {"code": old["code"]})
    assert refused(expired) == (409, "invitation-over") and expired.get_json()["state"] == "expired"
    another = as_(app, "yunfan")
    path = f"/firm/invitations/{old['invitation_id']}/withdraw"
    assert refused(post(another, path)) == (404, "not-found")
    assert refused(post(boss, path)) == (409, "invitation-over")


def test_whoever_is_not_known_by_name_can_not_accept(app: Flask, database: Database) -> None:
    code = invited(as_(app, "heji"))["code"]
    with database.transaction() as uow:
        uow.session.execute(update(orm.account).where(orm.account.c.login == "qianyun").values(level=1))
    answer = post(as_(app, "qianyun"), "/invitations/accept", {"code": code})
    assert refused(answer) == (403, "level-needed")
    assert (answer.get_json()["needed"], answer.get_json()["level"]) == (2, 1)


def registered(app: Flask, login: str = "lu-mou", **changes: Any) -> FlaskClient:
    values = {"login": login, "password": "long enough", "kind": "person", "display_name": "陆某"} | changes
    assert post(client(app), "/accounts", values).status_code == 201
    token = post(client(app), "/tokens", {"login": login, "password": "long enough"}).get_json()
    return client(app, token["access_token"])


def test_a_phone_makes_l1_and_only_the_service_that_sends_reads_it(app: Flask, database: Database) -> None:
    mint = Mint("notification")
    mint.install(database)
    lu = registered(app)
    assert post(lu, "/me/real-name/phone", {"phone": "100 9900 0003"}).status_code == 202
    (wished,) = [e.event for e in events_of(database, PhoneCodeWished)]
    assert isinstance(wished, PhoneCodeWished)
    assert "9900" not in repr(wished)
    sender = client(app, mint.token("notification", kind="machine", roles=["contact_reader"]))
    sent = sender.get(f"{BASE}/phone-codes/{wished.check_id}").get_json()
    assert sent["phone"] == "10099000003"
    assert refused(post(lu, "/me/real-name/phone/confirm", {"code": "x"})) == (422, "wrong-code")
    done = post(lu, "/me/real-name/phone/confirm", {"code": sent["code"]}).get_json()
    assert (done["level"], done["phone"]) == (1, "100****0003")
    assert refused(sender.get(f"{BASE}/phone-codes/{wished.check_id}")) == (404, "not-found")
    assert refused(post(lu, "/me/real-name/phone/confirm", {"code": sent["code"]})) == (422, "wrong-code")


def test_a_code_that_is_over_confirms_nothing_and_guessing_is_stopped(app: Flask, database: Database) -> None:
    lu = registered(app)
    post(lu, "/me/real-name/phone", {"phone": "10099000003"})
    with database.transaction() as uow:
        uow.session.execute(update(orm.phone_check).values(expires_at=uow.now))
        code = uow.session.scalars(select(orm.phone_check.c.code)).one()
    assert refused(post(lu, "/me/real-name/phone/confirm", {"code": code})) == (422, "wrong-code")
    for _ in range(4):
        post(lu, "/me/real-name/phone/confirm", {"code": "x"})
    assert refused(post(lu, "/me/real-name/phone/confirm", {"code": code}))[0] == 429


def test_the_registry_says_yes_no_or_nothing(app: Flask, database: Database) -> None:
    lu = registered(app)
    path = "/me/real-name/number"
    assert fields(post(lu, path, {"name": "陆晓岚", "id_number": "329982199403037042"})) == {"id_number"}
    no = post(lu, path, {"name": "陆小兰", "id_number": "329982199403037041"})
    assert refused(no) == (422, "no-match")
    away = post(lu, path, {"name": "何久等", "id_number": "329982199001016029"})
    assert refused(away) == (503, "registry-away")
    yes = post(lu, path, {"name": "陆晓岚", "id_number": "３２９９８２ 199403037041"}).get_json()
    assert (yes["level"], yes["name"], yes["id_number"]) == (2, "陆晓岚", "3299**********7041")
    second = registered(app, "lu-again")
    taken = post(second, path, {"name": "陆晓岚", "id_number": "329982199403037041"})
    assert fields(taken) == {"id_number"}
    wanted = {"wrong_number", "real_name_no_match", "registry_away", "real_name_level_2", "number_of_another"}
    assert wanted <= set(acts(database))


def test_who_only_claims_a_number_loses_it_to_whom_it_belongs(app: Flask, database: Database) -> None:
    registered(app, "claims", id_number="329982199403037041")
    lu = registered(app)
    path, shown = "/me/real-name/number", {"name": "陆晓岚", "id_number": "329982199403037041"}
    assert post(lu, path, shown).status_code == 200
    assert "unclaim_number" in acts(database)


def test_checks_are_limited(app: Flask) -> None:
    lu = registered(app)
    for _ in range(5):
        post(lu, "/me/real-name/number", {"name": "陆小兰", "id_number": "329982199403037041"})
    answer = post(lu, "/me/real-name/number", {"name": "陆晓岚", "id_number": "329982199403037041"})
    assert refused(answer) == (429, "too-many-tries")


def test_a_firm_is_known_by_its_representative(app: Flask, database: Database) -> None:
    firm = registered(
        app, "new-firm", kind="firm", display_name="江塘样例有限公司", credit_code=sample_code()
    )
    path = "/me/real-name/number"
    other = post(firm, path, {"name": "沈佳禾", "id_number": "329982199504183021"})
    assert refused(other) == (422, "no-match")
    with database.transaction() as uow:
        uow.session.execute(update(orm.account).where(orm.account.c.login == "yunfan").values(level=0))
    yes = post(as_(app, "yunfan"), path, {"name": "沈云帆", "id_number": "329982198808085012"})
    assert yes.get_json()["level"] == 2
    assert level_of(database, "yunfan") == 2


def sample_code() -> str:
    from stdnum.cn import uscc

    body = "91329982MA9A0009X"
    return str(body + uscc.calc_check_digit(body))


SEEN = {
    "login": "lu-mou",
    "name": "陆晓岚",
    "number": "329982199403037041",
    "window": "A-12",
    "matches": True,
}


def test_a_clerk_at_the_window_confirms_whom_they_see(app: Flask, database: Database) -> None:
    lu, clerk = registered(app), as_(app, "window")
    assert fields(post(clerk, "/window/real-name", SEEN | {"number": "329982199403037042"})) == {"number"}
    wide = SEEN | {"number": "３２９９８２ 19940303 7041"}
    assert post(clerk, "/window/real-name", wide).get_json() == {"level": 3}
    other = post(clerk, "/window/real-name", SEEN | {"name": "陆小兰"})
    assert refused(other) == (422, "no-match")
    firm = {"login": "yunfan", "name": "江塘云帆广告有限公司", "number": "91329982MA9A000299"}
    assert post(clerk, "/window/real-name", SEEN | firm).get_json() == {"level": 3}
    done = {"wrong_number", "seen_at_window:A-12", "real_name_level_3", "window_no_match"}
    assert done <= set(acts(database))
    (read,) = lu.get(f"{BASE}/readings").get_json()["items"]
    assert (read["reader"], read["purpose"], read["detail"]["zh"], read["times"]) == (
        "ZW",
        "presence",
        "A-12 号窗口",
        2,
    )


def test_at_the_window_the_registry_has_to_agree(app: Flask, database: Database) -> None:
    registered(app)
    clerk = as_(app, "window")
    unknown = SEEN | {"name": "陆小兰"}
    assert refused(post(clerk, "/window/real-name", unknown)) == (422, "no-match")
    away = SEEN | {"name": "何久等", "number": "329982199001016029"}
    assert refused(post(clerk, "/window/real-name", away))[0] == 503
    assert level_of(database, "lu-mou") == 0
    for login in ("luming", "nobody"):
        assert fields(post(clerk, "/window/real-name", SEEN | {"login": login})) == {"login"}


def test_at_the_window_everything_wrong_is_named_and_changes_nothing(app: Flask, database: Database) -> None:
    lu, clerk = registered(app), as_(app, "window")
    wrong = {"login": "", "name": "", "window": "十二号", "matches": False}
    assert fields(post(clerk, "/window/real-name", SEEN | wrong)) == set(wrong)
    assert fields(post(clerk, "/window/real-name", {})) == set(SEEN)
    assert level_of(database, "lu-mou") == 0
    assert refused(post(lu, "/window/real-name", SEEN)) == (403, "not-allowed")
    assert level_of(database, "lu-mou") == 0
