"""A home changes hands: both parties sign the same version, then it is filed."""

from __future__ import annotations

import re

from demo.client import sample_form
from tests.e2e.city import City, until

PHONE = "10099000077"


def test_both_parties_sign_and_then_it_is_filed(city: City) -> None:
    seller, buyer = city.as_("shenjiahe"), city.as_("qianyun")
    draft = seller.save_draft(
        seller.post("intake", "/drafts", {"procedure": "house-transfer"}), sample_form("house-transfer")
    )
    path = f"/drafts/{draft['draft_id']}"
    seller.upload(f"{path}/materials/m20")
    for use in seller.get("intake", f"{path}/certificates")["items"]:
        seller.put("intake", f"{path}/certificates", {"certificates": {use["code"]: False}})
        seller.upload(f"{path}/materials/{use['code']}")
    started = seller.start_signing(seller.get("intake", path), {"1": PHONE})
    assert [s["state"] for s in started["signers"]] == ["signed", "invited"]

    def link() -> str | None:
        sent = [m["letter"] for m in city.as_("admin").get("notification", "/outbox")["items"]]
        bodies = [letter["body"] for letter in sent if letter and letter["to"] == PHONE]
        found = re.search(r"/signer/([\w-]+)", " ".join(bodies))
        return found[1] if found else None

    token = until(link, "invited by text message")
    seen = buyer.get("intake", f"/invitations/{token}")
    assert seen["form"]["estate_no"] == sample_form("house-transfer")["estate_no"]
    done = buyer.post("intake", f"/invitations/{token}/sign")
    assert done["outcome"] == "filed"
    number = done["application_no"]
    assert city.case("shenjiahe", number)["application_no"] == number
    signed = seller.get("intake", f"/applications/{number}/signatures")["items"]
    assert [s["name"] for s in signed] == ["沈佳禾", "钱芸"]
