"""Declared rules: who, over whose things."""

from __future__ import annotations

import pytest

from chassis.access import KINDS, Access, access_of, of_department, of_subtree, over, own, public, requires


def test_a_grant_is_the_word_it_names() -> None:
    (officer,) = of_department("officer")
    assert officer == "officer" and officer in {"officer"} and "officer" in {officer}
    assert over(officer) == "department" and over("officer") == "all"


def test_own_without_a_name_is_for_every_kind_of_account() -> None:
    assert own() == KINDS
    assert {over(grant) for grant in own()} == {"own"}


def test_a_rule_says_over_whose_things_each_word_is() -> None:
    @requires(*own("person", "firm"), *of_department("officer"), "supervisor", scope="dossiers")
    def view() -> None: ...

    access = access_of(view)
    assert access is not None
    assert access.described() == {
        "open": False,
        "own": ["firm", "person"],
        "department": ["officer"],
        "all": ["supervisor"],
        "scope": "dossiers",
    }


def test_a_rule_for_everybody_signed_in_says_so() -> None:
    assert Access(open=False).described() == {"open": False, "all": ["signed_in"]}
    assert access_of(public(lambda: None)) == Access(open=True)


def test_one_word_is_not_given_two_reaches() -> None:
    with pytest.raises(ValueError, match="named twice: officer, officer"):
        requires("officer", *of_department("officer"))


def test_a_subtree_is_a_reach_of_its_own_and_needs_a_department_too() -> None:
    rule = Access(False, frozenset(of_subtree("supervisor")))
    assert rule.described() == {"open": False, "subtree": ["supervisor"]}
    assert rule.needs_department(frozenset({"staff", "supervisor"}))


@pytest.mark.parametrize(
    ("words", "needs"),
    [
        ({"staff", "officer"}, True),
        ({"staff", "officer", "supervisor"}, False),
        ({"person"}, False),
        ({"staff"}, False),
    ],
)
def test_a_department_is_needed_where_nothing_else_entitles(words: set[str], needs: bool) -> None:
    rule = Access(False, frozenset([*of_department("officer"), *own("person"), "supervisor"]))
    assert rule.needs_department(frozenset(words)) is needs
