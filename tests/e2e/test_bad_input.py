"""What bad input gets: a clear refusal that changes nothing."""

from __future__ import annotations

import requests

from demo.client import Client, sample_form
from tests.e2e.city import City, refused


def test_every_wrong_field_is_named_and_nothing_is_stored(city: City) -> None:
    citizen = city.as_("yunfan")
    before = citizen.get("intake", "/applications")["items"]
    form = sample_form("street-canopy")
    wrong = {name: {"not": "a value"} for name in form} | {"surprise": 1}
    refusal = refused(lambda: citizen.file("street-canopy", wrong))
    assert refusal.status == 422
    named = {error["field"].removeprefix("form.") for error in refusal.problem["errors"]}
    assert set(form) | {"surprise"} <= named
    assert citizen.get("intake", "/applications")["items"] == before


def test_an_unknown_item_is_not_found(city: City) -> None:
    assert refused(lambda: city.as_("yunfan").file("no-such-item", {})).status == 404


def test_an_oversized_body_is_refused(city: City) -> None:
    citizen = city.as_("yunfan")
    form = sample_form("street-canopy") | {"surprise": "x" * 1_100_000}
    assert refused(lambda: citizen.file("street-canopy", form)).status == 413


def test_a_wrong_token_is_refused(city: City) -> None:
    stranger = Client(city.urls)
    stranger.token = "not.a.token"
    assert refused(lambda: stranger.get("intake", "/applications")).status == 401
    assert refused(lambda: city.nobody.get("approval", "/inbox", status="open")).status == 401


def test_a_wrong_role_and_another_persons_case_are_refused(city: City) -> None:
    number = city.as_("yunfan").file("street-canopy")["application_no"]
    assert refused(lambda: city.as_("shenjiahe").get("intake", f"/applications/{number}")).status == 404
    assert refused(lambda: city.as_("officer-cg").file("street-canopy")).status == 403
    assert refused(lambda: city.as_("yunfan").get("approval", "/inbox", status="open")).status == 403


def test_an_illegal_move_names_the_state(city: City) -> None:
    number = city.as_("yunfan").file("street-canopy")["application_no"]
    city.wait_case("yunfan", number, lambda s: s["status"] == "in_approval", "in approval")
    refusal = refused(
        lambda: city.as_("yunfan").post(
            "intake", f"/applications/{number}/resubmit", {"form": sample_form("street-canopy")}
        )
    )
    assert (refusal.status, refusal.problem["state"]) == (409, "in_approval")


def test_one_key_is_one_application_and_never_two_bodies(city: City) -> None:
    citizen = city.as_("yunfan")
    key = "e2e-" + requests.utils.quote(str(id(city)))
    first = citizen.file("street-canopy", key=key)
    assert citizen.file("street-canopy", key=key) == first
    other = sample_form("street-canopy")
    name = next(n for n, v in other.items() if isinstance(v, str))
    other[name] = other[name] + "二"
    assert refused(lambda: citizen.file("street-canopy", other, key=key)).status == 422
