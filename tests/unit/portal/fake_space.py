"""The small city's spaces: certificates, consents, readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

if TYPE_CHECKING:
    from tests.unit.portal.fake_city import FakeCity


def held(code: str = "m01", **changes: Any) -> dict[str, Any]:
    """A certificate as identity shows it."""
    found = {
        "certificate_id": f"cert-{code}",
        "kind": code,
        "code": code,
        "title": {"zh": "居民身份证", "en": "Identity card"},
        "number": "3299**********3021",
        "issuer": "GA",
        "issuer_name": {"zh": "公安局", "en": "Police"},
        "issued_at": "2022-11-25T00:00:00+00:00",
        "valid_until": None,
        "days_left": None,
        "soon": False,
        "state": "valid",
        "application_no": None,
    }
    return found | changes


def read(**changes: Any) -> dict[str, Any]:
    """A reading as identity shows it."""
    found = {
        "reader": "SJ",
        "reader_name": {"zh": "市场监管局", "en": "Market regulation"},
        "what": "dossier",
        "what_text": {"zh": "办理所需的申请内容", "en": "What its part needs"},
        "detail": None,
        "purpose": "approval",
        "purpose_text": {"zh": "审批", "en": "Approval"},
        "application_no": None,
        "procedure": None,
        "times": 2,
        "at": "2026-11-24T02:00:00+00:00",
    }
    return found | changes


def kept_file(code: str, file_id: str, name: str, size: int) -> dict[str, Any]:
    """A kept material as intake shows it."""
    return {
        "file_id": file_id,
        "code": code,
        "title": {"zh": f"材料{code}", "en": f"Material {code}"},
        "file_name": name,
        "media_type": "application/pdf",
        "size": size,
        "kept_at": "2026-11-24T02:00:00+00:00",
    }


def add_space(app: Flask, city: FakeCity, who: Callable[[], Any], problem: Callable[..., Any]) -> None:
    """The endpoints. ``city.certificates`` and ``city.read`` are by account, ``city.consents`` by draft."""

    def offered(draft_id: str) -> list[dict[str, Any]]:
        mine = city.certificates.get(who()["account_id"], [])
        given = city.consents.get(draft_id, {})
        return [c | {"given": given.get(c["code"]), "number": None} for c in mine]

    @app.get("/api/intake/space/materials")
    def kept_ones() -> Any:
        return jsonify({"items": city.kept.get(who()["account_id"], [])})

    @app.post("/api/intake/space/materials/of-kind/<code>")
    def keep_file(code: str) -> Any:
        sent = request.files["file"]
        content = sent.stream.read()
        sent.close()
        if not content.startswith(b"%PDF"):
            return problem(422, "bad-file", detail="文件名以 .pdf 结尾,里面却不是这种文件。")
        mine = city.kept.setdefault(who()["account_id"], [])
        mine.append(kept_file(code, f"kept-{len(mine) + 1}", sent.filename or "", len(content)))
        return jsonify(mine[-1]), 201

    @app.post("/api/intake/space/materials")
    def keep_used() -> Any:
        wanted = request.json["material_id"]
        found = [s["file"] for slots in city.slots.values() for s in slots.values() if s["file"]]
        file = next(f for f in found if f["material_id"] == wanted)
        mine = city.kept.setdefault(who()["account_id"], [])
        mine.append(kept_file(file["code"], f"kept-{len(mine) + 1}", file["file_name"], file["size"]))
        return jsonify(mine[-1]), 201

    @app.delete("/api/intake/space/materials/<file_id>")
    def drop_kept(file_id: str) -> Any:
        mine = city.kept.get(who()["account_id"], [])
        mine[:] = [k for k in mine if k["file_id"] != file_id]
        return "", 204

    @app.get("/api/intake/space/materials/<file_id>")
    def open_kept(file_id: str) -> Any:
        headers = {"Content-Disposition": "attachment; filename*=UTF-8''a.pdf"}
        return Response(b"%PDF kept", mimetype="application/pdf", headers=headers)

    @app.post("/api/intake/drafts/<draft_id>/materials/<code>/from-space")
    def use_kept(draft_id: str, code: str) -> Any:
        mine = city.kept[who()["account_id"]]
        file = next(k for k in mine if k["file_id"] == request.json["file_id"])
        used = file | {"material_id": f"used-{file['file_id']}", "version": 1, "handed_in_at": None}
        used["uploaded_at"] = used["kept_at"]
        city.slots.setdefault(draft_id, {})[code] = {
            "state": "uploaded",
            "why": None,
            "file": used,
            "older": [],
        }
        return jsonify(used), 201

    @app.get("/api/identity/certificates")
    def certificates() -> Any:
        return jsonify({"items": city.certificates.get(who()["account_id"], [])})

    @app.get("/api/identity/readings")
    def readings() -> Any:
        found = city.read.get(who()["account_id"], [])
        start = int(request.args.get("cursor", 0))
        more = str(start + 20) if len(found) > start + 20 else None
        return jsonify({"items": found[start : start + 20], "next": more})

    @app.get("/api/intake/drafts/<draft_id>/certificates")
    def of_draft(draft_id: str) -> Any:
        return jsonify({"library": city.library, "items": offered(draft_id) if city.library else []})

    @app.put("/api/intake/drafts/<draft_id>/certificates")
    def agree(draft_id: str) -> Any:
        city.consents.setdefault(draft_id, {}).update(request.json["certificates"])
        return jsonify({"library": True, "items": offered(draft_id)})
