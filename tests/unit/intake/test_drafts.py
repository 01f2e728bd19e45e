"""Drafts by themselves: what is kept when two pages save."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.intake.domain import AlreadyFiled, ChangedMeanwhile, Draft, Material, slots
from tests.unit.intake.helpers import LATER, NOW
from tests.unit.intake.paper_shop import spec


def draft(**changes: object) -> Draft:
    values: dict[str, object] = {
        "draft_id": "d",
        "account_id": "acc-1",
        "procedure": "paper-shop",
        "answers": {"shop_name": "禾记"},
        "origins": {"shop_name": {"source": "business_licence"}},
        "begun_at": NOW,
        "saved_at": NOW,
    }
    return Draft(**values | changes)  # type: ignore[arg-type]


def test_saving_keeps_the_other_answers_and_takes_out_what_was_emptied() -> None:
    found = draft()
    found.save({"area": 12, "owner_id": None}, 1, LATER)
    found.save({"shop_name": None}, 2, LATER)
    assert (found.answers, found.revision, found.saved_at) == ({"area": 12}, 3, LATER)


def test_saving_the_same_again_makes_no_new_revision() -> None:
    found = draft()
    found.save({"shop_name": "禾记"}, 1, LATER)
    assert (found.revision, found.saved_at) == (1, LATER)
    assert found.origins


def test_an_answer_somebody_changed_is_no_longer_filled_in_for_them() -> None:
    found = draft()
    found.save({"shop_name": "禾记面馆"}, 1, LATER)
    assert found.origins == {}


def test_what_was_saved_elsewhere_is_named_and_nothing_is_overwritten() -> None:
    found = draft()
    found.save({"area": 12}, 1, LATER)
    found.save({"shop_name": "禾记面馆"}, 2, LATER)
    with pytest.raises(ChangedMeanwhile) as changed:
        found.save({"area": 99}, 2, LATER)
    assert (changed.value.revision, changed.value.answers) == (3, {"shop_name": "禾记面馆"})
    with pytest.raises(ChangedMeanwhile) as changed:
        found.save({"area": 99}, 1, LATER)
    assert changed.value.answers == {"area": 12, "shop_name": "禾记面馆"}
    assert found.answers["area"] == 12


def test_answers_of_the_guide_are_taken_over_with_their_origin() -> None:
    found = draft()
    origin = {"source": "guide"}
    found.take_over({"shop_name": "禾记", "has_sign": True}, {"shop_name": origin, "has_sign": origin}, LATER)
    assert (found.answers, found.revision) == ({"shop_name": "禾记", "has_sign": True}, 2)
    assert found.origins == {"shop_name": {"source": "business_licence"}, "has_sign": origin}
    found.take_over({"has_sign": True}, {"has_sign": origin}, LATER)
    assert found.revision == 2


def test_a_filed_draft_keeps_no_answers_and_takes_none() -> None:
    found = draft()
    found.filed("SJ1")
    assert (found.answers, found.origins) == ({}, {})
    with pytest.raises(AlreadyFiled):
        found.save({"area": 1}, 1, LATER)
    with pytest.raises(AlreadyFiled):
        found.filed("SJ2")


def material(version: int, handed_in: bool = True) -> Material:
    at = NOW + timedelta(minutes=version)
    return Material(
        material_id=f"m{version}",
        draft_id="d",
        application_no="SJ1",
        code="plan",
        version=version,
        file_name="图.pdf",
        media_type="application/pdf",
        size=1,
        digest="0" * 64,
        uploaded_at=at,
        handed_in_at=at if handed_in else None,
    )


@pytest.mark.parametrize(
    ("how", "files", "accepted", "why", "state"),
    [
        ("reuse", [], False, None, "from_library"),
        ("check", [], False, None, "from_library"),
        ("upload", [], False, None, "empty"),
        ("template", [], True, None, "empty"),
        ("upload", [material(1)], False, None, "uploaded"),
        ("upload", [material(1)], True, None, "checked"),
        ("upload", [material(1), material(2, handed_in=False)], True, None, "uploaded"),
        ("upload", [material(1)], False, "看不清", "rejected"),
        ("upload", [], False, "没有交", "rejected"),
        ("upload", [material(1), material(2, handed_in=False)], False, "看不清", "uploaded"),
    ],
)
def test_a_slot_says_what_stands_in_it(
    how: str, files: list[Material], accepted: bool, why: str | None, state: str
) -> None:
    reasons = {"plan": why} if why else {}
    (slot,) = slots([spec("plan", how)], files, accepted=accepted, why=reasons)
    assert slot.state == state
    assert (slot.why is not None) == (state == "rejected")
    assert slot.file is (files[-1] if files else None)
