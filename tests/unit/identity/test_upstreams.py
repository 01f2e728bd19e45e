"""What follows when another provider vouches for somebody, and what its settings must say."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chassis.config import WrongSetting
from demo.province.settings import SECRET_VARIABLE, write_settings
from services.identity.domain import Account, ways_of
from services.identity.domain.upstreams import UpstreamRefused, Vouched, check_own, decide
from services.identity.upstream import Upstream, read_upstreams
from services.identity.upstream.mapping import vouched_by
from services.identity.upstream.settings import VARIABLE

MINE, OTHERS = "329982199504183021", "32998218850620301X"
SECRET = "never in a log"


def account(**changes: Any) -> Account:
    values: dict[str, Any] = {"kind": "person", "display_name": "沈佳禾", "id_number": MINE, "level": 2}
    made = {"account_id": "a", "login": "shen", "password_hash": "x", "created_at": datetime.now(UTC)}
    return Account(**(made | values | changes))


def vouched(**changes: Any) -> Vouched:
    values: dict[str, Any] = {"name": "沈佳禾", "id_number": MINE, "level": 2}
    there = {"upstream": "province", "issuer": "https://province.example", "subject": "s"}
    return Vouched(**(there | values | changes))


SUSPENDED = {"suspended_at": datetime.now(UTC)}
LINKED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {}, "sign_in"),
    ({"display_name": "沈嘉禾"}, {}, "sign_in"),
    ({"level": 3}, {"level": 1, "id_number": None}, "sign_in"),
    ({"level": 1, "id_number": OTHERS}, {}, "sign_in"),
    ({"level": 1, "id_number": None}, {}, "sign_in"),
    ({"id_number": OTHERS}, {}, "number_differs"),
    (SUSPENDED, {}, "suspended"),
    ({"kind": "staff"}, {}, "staff"),
    ({"kind": "firm"}, {}, "not_a_person"),
]
UNLINKED: list[tuple[dict[str, Any] | None, bool, str]] = [
    (None, False, "open"),
    ({}, False, "link"),
    ({"level": 3}, False, "link"),
    ({"display_name": "沈嘉禾"}, False, "sign_in_locally"),
    ({"level": 1}, False, "sign_in_locally"),
    ({"level": 0}, False, "sign_in_locally"),
    ({}, True, "other_subject"),
    ({"level": 1}, True, "other_subject"),
    (SUSPENDED, False, "suspended"),
    ({"kind": "staff"}, False, "staff"),
    ({"kind": "staff", "level": 0}, False, "staff"),
    ({"kind": "machine"}, False, "not_a_person"),
]


def outcome(work: Callable[[], Any]) -> str:
    try:
        return str(work())
    except UpstreamRefused as refused:
        return refused.reason


@pytest.mark.parametrize(("changes", "said", "expected"), LINKED)
def test_of_a_known_subject(changes: dict[str, Any], said: dict[str, Any], expected: str) -> None:
    assert outcome(lambda: decide(vouched(**said), account(**changes), None, False)) == expected


@pytest.mark.parametrize(("changes", "taken", "expected"), UNLINKED)
def test_of_a_new_subject(changes: dict[str, Any] | None, taken: bool, expected: str) -> None:
    holder = None if changes is None else account(**changes)
    assert outcome(lambda: decide(vouched(), None, holder, taken)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"level": 1}, "None"),
        ({}, "None"),
        ({"id_number": OTHERS, "level": 1}, "number_differs"),
        ({"id_number": None, "level": 0}, "number_differs"),
        ({"kind": "staff"}, "staff"),
    ],
)
def test_only_the_account_with_the_number_is_linked_by_signing_in(
    changes: dict[str, Any], expected: str
) -> None:
    assert outcome(lambda: check_own(vouched(), account(**changes))) == expected


def test_how_somebody_signed_in() -> None:
    assert ways_of([]) == "pwd"
    assert ways_of(["second_factor"]) == "pwd otp mfa"
    assert ways_of(["upstream:province"]) == "upstream:province"
    assert ways_of(["upstream:province", "second_factor"]) == "upstream:province otp mfa"


class File:
    """A settings file and the environment around it."""

    def __init__(self, path: Path):
        self.path = path
        write_settings(path, "https://province.example")
        self.environ = {VARIABLE: str(path), SECRET_VARIABLE: SECRET}

    def change(self, **changes: Any) -> None:
        said = json.loads(self.path.read_text())
        entry = said["upstreams"][0] | changes
        said["upstreams"] = [{k: v for k, v in entry.items() if v is not None}]
        self.path.write_text(json.dumps(said))

    def read(self) -> tuple[Upstream, ...]:
        return read_upstreams(self.environ)

    def wrong(self) -> str:
        with pytest.raises(WrongSetting) as caught:
            self.read()
        assert "\n" not in str(caught.value) and str(caught.value).startswith(f"{VARIABLE}: ")
        assert SECRET not in str(caught.value)
        return str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path / "upstreams.json")


def test_without_a_file_there_is_no_provider() -> None:
    assert read_upstreams({}) == ()


def test_the_secret_is_read_from_where_the_file_points_and_shown_nowhere(file: File, tmp_path: Path) -> None:
    (one,) = file.read()
    assert one.client_secret == SECRET and SECRET not in repr(one)
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    file.change(client_secret={"file": str(tmp_path / "secret")})
    assert file.read()[0].client_secret == SECRET


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"slug": "Province!"}, "slug must"),
        ({"slug": None}, "slug is missing"),
        ({"issuer": "http://province.example"}, "issuer must be an https address"),
        ({"issuer": 7}, "issuer must"),
        ({"client_secret": SECRET}, "never the secret itself"),
        ({"client_secret": {"env": "NOWHERE"}}, "env NOWHERE holds nothing"),
        ({"client_secret": {"file": "/nowhere"}}, "file /nowhere holds nothing"),
        ({"name": {"zh": "省"}}, "name must"),
        ({"claims": {"name": "name"}}, "claims must"),
        ({"levels": {"basic": 4}}, "levels must"),
        ({"levels": {"basic": True}}, "levels must"),
        ({"levels": {}}, "levels must"),
        ({"scope": "profile"}, "scope must contain openid"),
        ({"algorithms": ["HS256"]}, "algorithms must"),
        ({"algorithms": ["none"]}, "algorithms must"),
        ({"ca_file": "/nowhere"}, "ca_file must"),
        ({"colour": "red"}, "colour is not known"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(file: File, changes: dict[str, Any], told: str) -> None:
    file.change(**changes)
    assert f"upstreams[0].{told}" in file.wrong() or told in file.wrong()


def test_all_that_is_wrong_is_told_at_once(file: File) -> None:
    file.change(slug="?", scope="x", name=None)
    assert file.wrong().count("upstreams[0].") == 3


def test_each_provider_has_a_slug_and_an_issuer_of_its_own(file: File) -> None:
    said = json.loads(file.path.read_text())
    file.path.write_text(json.dumps({"upstreams": said["upstreams"] * 2}))
    assert "slug 'province' twice" in file.wrong() and "issuer" in file.wrong()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"upstreams": 7}', '{"upstreams": [7]}', "not json"])
def test_a_file_that_is_something_else_is_told(file: File, content: str) -> None:
    file.path.write_text(content)
    file.wrong()
    file.path.unlink()
    assert "can't be read" in file.wrong()


def test_levels_are_those_of_the_settings(file: File) -> None:
    (province,) = file.read()
    claims = {"sub": "s", "name": " 沈佳禾 ", "id_card_number": "329982199504183021 "}
    levels = {"none": 0, "basic": 1, "verified": 2, "presence": 3, "unheard of": 0}
    for word, level in levels.items():
        found = vouched_by(province, claims | {"assurance": word})
        assert (found.level, found.name) == (level, "沈佳禾")
        assert found.id_number == (MINE if level >= 2 else None)
    assert vouched_by(province, claims).level == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"name": None}, "claims"), ({"name": "沈"}, "claims"), ({"id_card_number": None}, "claims")]
    + [({"id_card_number": n}, "number") for n in ("1", "329982199504183022", "329982199513183021")],
)
def test_without_a_name_or_a_right_number_nobody_is_vouched_for(
    file: File, changes: dict[str, Any], reason: str
) -> None:
    claims = {"sub": "s", "name": "沈佳禾", "id_card_number": MINE, "assurance": "verified"} | changes
    assert outcome(lambda: vouched_by(file.read()[0], claims)) == reason
