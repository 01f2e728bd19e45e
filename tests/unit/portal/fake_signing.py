"""Signatures before filing: what intake answers about them in the small city."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

if TYPE_CHECKING:
    from tests.unit.portal.fake_city import FakeCity

HOLDER = {"zh": "股东", "en": "Shareholder"}
DIGEST = "5f" * 32


def add_signing(app: Flask, city: FakeCity, who: Callable[[], Any], problem: Callable[..., Any]) -> None:
    """The endpoints. `city.signers` names those who have to sign, by name and account; the link of each is
    ``token-`` and the place."""

    def fresh(state: str = "to_invite") -> dict[str, Any]:
        people = [
            {
                "signer_id": None if state == "to_invite" else f"signer-{n}",
                "name": name,
                "roles": [HOLDER],
                "state": state,
                "answered_at": None,
                "reason": None,
                "may_invite_again": state == "invited",
            }
            for n, (name, _) in enumerate(city.signers)
        ]
        empty = dict.fromkeys(("round_id", "outcome", "expires_at", "application_no"))
        return empty | {"signers": people}

    def settle(draft_id: str, found: dict[str, Any]) -> None:
        if all(s["state"] == "signed" for s in found["signers"]):
            draft = city.drafts[draft_id]
            case = city.file(draft["procedure"], draft["answers"], draft["owner"])
            draft |= {"application_no": case["application_no"], "answers": {}}
            found |= {"outcome": "filed", "application_no": case["application_no"]}

    def invited(token: str) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        place = int(token.removeprefix("token-")) if token.startswith("token-") else -1
        for draft_id, found in city.rounds.items():
            if 0 <= place < len(found["signers"]):
                return draft_id, found, found["signers"][place]
        return None

    def shut(token: str) -> Any:
        if invited(token) is None:
            return problem(404, "not-found")
        if city.low_level:
            return problem(403, "level-too-low", detail="签署前要先实名", needed=2)
        if city.signers[int(token.removeprefix("token-"))][1] != who()["account_id"]:
            return problem(403, "another-person", detail="这份签署是发给另一位的")
        return None

    def sign_it(draft_id: str, found: dict[str, Any], one: dict[str, Any], state: str, reason: Any) -> None:
        one |= {"state": state, "answered_at": city.now.isoformat(), "reason": reason}
        one["may_invite_again"] = False
        if state == "objected":
            found["outcome"] = "objected"
        settle(draft_id, found)

    @app.get("/api/intake/drafts/<draft_id>/signing")
    def signing(draft_id: str) -> Any:
        return jsonify(city.rounds.get(draft_id) or fresh())

    @app.post("/api/intake/drafts/<draft_id>/signing")
    def send_round(draft_id: str) -> Any:
        if int(request.headers["If-Match"].strip('"')) != city.drafts[draft_id]["revision"]:
            return problem(412, "changed-meanwhile", revision=city.drafts[draft_id]["revision"], changed={})
        phones, me = request.json["phones"], who()["account_id"]
        errors = [
            {"field": f"phones.{n}", "zh": "请填写这位签署人的手机号", "en": "A number is needed"}
            for n, (_, account) in enumerate(city.signers)
            if account != me and str(n) not in phones
        ]
        if errors or city.errors:
            return problem(422, "invalid-form", errors=errors or city.errors)
        expires = city.now.isoformat()
        made = city.rounds[draft_id] = fresh("invited") | {"round_id": "round-1", "expires_at": expires}
        for one, (_, account) in zip(made["signers"], city.signers, strict=True):
            if account == me:
                sign_it(draft_id, made, one, "signed", None)
        return jsonify(made), 201

    @app.delete("/api/intake/drafts/<draft_id>/signing")
    def take_back(draft_id: str) -> Any:
        city.rounds[draft_id]["outcome"] = "withdrawn"
        return "", 204

    @app.post("/api/intake/drafts/<draft_id>/signing/<signer_id>/again")
    def invite_again(draft_id: str, signer_id: str) -> Any:
        if city.sent_again:
            return problem(409, "too-many-invitations", detail="链接已经发过几次了")
        city.sent_again.append(signer_id)
        return jsonify(city.rounds[draft_id]), 202

    @app.get("/api/intake/invitations/<token>")
    def to_sign(token: str) -> Any:
        if refused := shut(token):
            return refused
        draft_id, found, one = invited(token) or ("", {}, {})
        draft = city.drafts[draft_id]
        procedure = city.procedure(draft["procedure"])
        file = {"material_id": "m-1", "title": {"zh": "租赁合同", "en": "Lease"}, "file_name": "合同.pdf"}
        return jsonify(
            {
                "procedure": draft["procedure"],
                "title": procedure["title"],
                "version": procedure["version"],
                "digest": DIGEST,
                "form": draft["answers"],
                "files": [file | {"size": 1200}],
                "me": one,
                "others": [s | {"reason": None} for s in found["signers"] if s is not one],
                "outcome": found["outcome"],
                "expires_at": found["expires_at"],
            }
        )

    @app.post("/api/intake/invitations/<token>/<any(sign, object):act>")
    def answer_invitation(token: str, act: str) -> Any:
        if refused := shut(token):
            return refused
        draft_id, found, one = invited(token) or ("", {}, {})
        if one["state"] != "invited":
            return problem(409, "already-answered", detail="已经答复过了")
        state = "signed" if act == "sign" else "objected"
        sign_it(draft_id, found, one, state, (request.json or {}).get("reason"))
        return jsonify({"state": state, "outcome": found["outcome"], "application_no": None})

    @app.get("/api/intake/invitations/<token>/files/<material_id>")
    def file_to_sign(token: str, material_id: str) -> Any:
        headers = {"Content-Disposition": "attachment; filename*=UTF-8''a.pdf"}
        return shut(token) or Response(b"%PDF-1.4", mimetype="application/pdf", headers=headers)

    @app.get("/api/intake/applications/<no>/signatures")
    def signatures(no: str) -> Any:
        found = next((r for r in city.rounds.values() if r["application_no"] == no), None)
        signed = [
            {"name": s["name"], "roles": s["roles"], "level": 2, "signed_at": s["answered_at"]}
            for s in (found or {"signers": []})["signers"]
        ]
        return jsonify({"items": [s | {"digest": DIGEST} for s in signed]})
