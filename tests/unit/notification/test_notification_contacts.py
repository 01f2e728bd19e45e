"""Who is reached how, asked no oftener than needed."""

from __future__ import annotations

from services.notification.contacts import KEPT_S, Contact, Remembering


class Asked:
    def __init__(self) -> None:
        self.times = 0

    def of(self, account_id: str) -> Contact | None:
        self.times += 1
        return Contact("沈佳禾", "shen@jiangtang.example") if account_id == "acc-shen" else None


def test_a_contact_is_asked_for_once_in_a_while() -> None:
    asked, now = Asked(), [0.0]
    contacts = Remembering(asked, lambda: now[0])
    assert contacts.of("acc-shen") == contacts.of("acc-shen") == Contact("沈佳禾", "shen@jiangtang.example")
    assert contacts.of("acc-nobody") is None
    assert asked.times == 2
    now[0] = KEPT_S
    contacts.of("acc-shen")
    assert asked.times == 3
