"""Signers get a link on their phone; who had signed hears when the round comes to nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest

from contracts.intake import SignerInvited, SigningEnded
from services.notification import queries
from services.notification.contacts import Invitation
from services.notification.sender import Sender
from tests.unit.notification.helpers import Desk, Phonebook, Postbox

SIGNER = "0192aaaa-0000-7000-8000-000000000001"


class Invitations(Phonebook):
    def __init__(self, *open_ones: str):
        super().__init__()
        self._open = open_ones

    def invitation(self, signer_id: str) -> Invitation | None:
        title = {"zh": "新设企业", "en": "Founding a company"}
        return Invitation("13900000001", "tok-en", title) if signer_id in self._open else None


def invited(desk: Desk) -> SignerInvited:
    return SignerInvited(
        signer_id=SIGNER, round_id="r1", procedure="open-shop", expires_at=desk.now() + timedelta(days=7)
    )


def test_a_link_goes_to_the_phone_alone_and_stays_nowhere(desk: Desk) -> None:
    desk.know_the_city()
    desk.hear(invited(desk))
    texts = Postbox()
    sender = Sender(desk.database, Invitations(SIGNER), Postbox(), texts=texts, site="https://city.example/")
    while sender.step() == 0.0:
        pass
    (letter,) = texts.letters
    assert letter.address == "13900000001"
    assert letter.words.text.endswith("\nhttps://city.example/signer/tok-en")
    assert "新设企业" in letter.words.text and "Founding a company" in letter.words.text
    assert "tok-en" not in repr(desk.rows("sms")) and "13900000001" not in repr(desk.rows("sms"))


def test_an_invitation_that_was_answered_meanwhile_is_not_sent(desk: Desk) -> None:
    desk.hear(invited(desk))
    texts = Postbox()
    Sender(desk.database, Invitations(), Postbox(), texts=texts).step()
    assert texts.letters == []
    assert [row.state for row in desk.rows("sms")] == ["no_address"]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("objected", "有人不同意签署：开店"),
        ("changed", "内容改了，要重新签署：开店"),
        ("expired", "签署超过 7 天，没有签齐：开店"),
        ("filed", None),
        ("withdrawn", None),
    ],
)
def test_the_applicant_and_who_had_signed_hear_that_it_came_to_nothing(
    desk: Desk, outcome: Literal["objected", "changed", "expired", "filed", "withdrawn"], told: str | None
) -> None:
    desk.know_the_city()
    desk.hear(
        SigningEnded(
            round_id="r1",
            procedure="open-shop",
            applicant="acc-a",
            outcome=outcome,
            signers=("acc-b",),
            ended_at=desk.now(),
        )
    )
    with desk.database.read() as session:
        for account in ("acc-a", "acc-b"):
            titles = [m["title"]["zh"] for m in queries.inbox(account, False, None, session)["items"]]
            assert titles == ([told] if told else [])
