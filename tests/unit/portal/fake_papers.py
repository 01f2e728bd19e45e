"""Drafts and materials of the small city: what intake answers about them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from services.portal.forms import is_asked

if TYPE_CHECKING:
    from tests.unit.portal.fake_city import FakeCity

SOMETIMES = ("m10",)
FORMATS = ["pdf", "jpg", "png"]
ORIGIN = {"source": "account", "zh": "您的实名信息", "en": "your account"}
FROM_GUIDE = {"source": "guide", "zh": "您在指南里的回答", "en": "your answers in the guide"}
LIMIT = 10 * 1024 * 1024
EICAR = b"EICAR-STANDARD-ANTIVIRUS"


def slots_for(city: FakeCity, code: str, form: dict[str, Any]) -> list[dict[str, Any]]:
    """Empty slots of the materials that this form's branches name."""
    procedure = city.procedure(code)
    called = [b for b in procedure["branches"] if city.called_for(b, form)]
    named = {material for branch in called for material in branch["materials"]}
    return [
        {
            "code": m["code"],
            "title": m["title"],
            "how": m["how"],
            "required": m["code"] not in SOMETIMES,
            "needed_when": m["note"] if m["code"] in SOMETIMES else None,
            "formats": FORMATS if m["how"] in ("upload", "template") else [],
            "max_bytes": LIMIT if m["how"] in ("upload", "template") else None,
            "state": "empty" if m["how"] in ("upload", "template") else "from_library",
            "why": None,
            "file": None,
            "older": [],
        }
        for m in procedure["facts"]["materials"]
        if m["code"] in named
    ]


def slots_of(city: FakeCity, no: str) -> list[dict[str, Any]]:
    """The slots of a filed case with what stands in them."""
    kept = city.slots.get(no, {})
    slots = slots_for(city, city.cases[no]["procedure"], city.forms[no])
    return [slot | kept.get(slot["code"], {}) for slot in slots]


def add_papers(app: Flask, city: FakeCity, who: Callable[[], Any], problem: Callable[..., Any]) -> None:
    """The endpoints."""
    serial = itertools.count(1)
    files: dict[str, bytes] = {}

    def mine(draft_id: str) -> dict[str, Any] | None:
        draft = city.drafts.get(draft_id)
        return draft if draft and draft["owner"] == who()["account_id"] else None

    def shown(draft: dict[str, Any]) -> dict[str, Any]:
        slots = slots_for(city, draft["procedure"], draft["answers"])
        kept = city.slots.setdefault(draft["draft_id"], {})
        given = city.consents.get(draft["draft_id"], {})
        for slot in slots:
            if slot["how"] == "reuse" and slot["code"] in given:
                slot["certificate"] = {"given": given[slot["code"]], "state": "valid"}
                if not given[slot["code"]]:
                    slot |= {"state": "empty", "formats": FORMATS}
        return draft | {"materials": [slot | kept.get(slot["code"], {}) for slot in slots]}

    def put(holder: str, code: str, handed_in: str | None = None) -> Any:
        sent = request.files["file"]
        content = sent.stream.read()
        sent.close()
        if len(content) > LIMIT:
            return problem(413, "file-too-large", detail="这个文件太大,最大 10 MB。")
        if EICAR in content:
            return problem(422, "bad-file", detail="这个文件带有病毒,没有保存。请先杀毒再传。")
        if not content.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8")):
            return problem(422, "bad-file", detail="文件名以 .pdf 结尾,里面却不是这种文件。")
        kept = city.slots.setdefault(holder, {})
        before = kept.get(code, {})
        older = [before["file"], *before["older"]] if before.get("file") else []
        file = {
            "material_id": f"material-{next(serial)}",
            "code": code,
            "version": len(older) + 1,
            "file_name": sent.filename,
            "media_type": sent.mimetype,
            "size": len(content),
            "uploaded_at": city.now.isoformat(),
            "handed_in_at": handed_in,
        }
        files[file["material_id"]] = content
        kept[code] = {"state": "uploaded", "why": None, "file": file, "older": older}
        return jsonify(file), 201

    @app.post("/api/intake/drafts")
    def begin() -> Any:
        body, owner = request.json, who()["account_id"]
        open_ones = [d for d in city.drafts.values() if d["owner"] == owner and not d["application_no"]]
        draft = next((d for d in open_ones if d["procedure"] == body["procedure"]), None)
        if draft is None:
            known = city.known if body["prefill"] else {}
            draft = {
                "draft_id": f"draft-{len(city.drafts) + 1}",
                "owner": owner,
                "procedure": body["procedure"],
                "title": city.procedure(body["procedure"])["title"],
                "answers": dict(known),
                "origins": dict.fromkeys(known, ORIGIN),
                "touched": {},
                "revision": 1,
                "saved_at": city.now.isoformat(),
                "application_no": None,
            }
            city.drafts[draft["draft_id"]] = draft
        draft["answers"] |= body["guide"]
        draft["origins"] |= dict.fromkeys(body["guide"], FROM_GUIDE)
        return jsonify(shown(draft)), 201

    @app.get("/api/intake/drafts")
    def drafts() -> Any:
        found = [d for d in city.drafts.values() if d["owner"] == who()["account_id"]]
        return jsonify({"items": [shown(d) for d in found if not d["application_no"]][::-1]})

    @app.get("/api/intake/drafts/<draft_id>")
    def draft(draft_id: str) -> Any:
        found = mine(draft_id)
        return jsonify(shown(found)) if found else problem(404, "not-found")

    @app.patch("/api/intake/drafts/<draft_id>")
    def save(draft_id: str) -> Any:
        found, seen = mine(draft_id), int(request.headers["If-Match"].strip('"'))
        if found is None:
            return problem(404, "not-found")
        if seen != found["revision"]:
            changed = {n: found["answers"].get(n) for n, r in found["touched"].items() if r > seen}
            return problem(412, "changed-meanwhile", revision=found["revision"], changed=changed)
        new = {n: v for n, v in request.json["answers"].items() if found["answers"].get(n) != v}
        if new:
            found["revision"] += 1
            found["answers"] = {n: v for n, v in (found["answers"] | new).items() if v is not None}
            found["touched"] |= dict.fromkeys(new, found["revision"])
            found["origins"] = {n: o for n, o in found["origins"].items() if n not in new}
        found["saved_at"] = city.now.isoformat()
        return jsonify(shown(found))

    @app.delete("/api/intake/drafts/<draft_id>")
    def discard(draft_id: str) -> Any:
        if mine(draft_id) is None:
            return problem(404, "not-found")
        del city.drafts[draft_id]
        return "", 204

    @app.post("/api/intake/drafts/<draft_id>/submit")
    def submit(draft_id: str) -> Any:
        found = mine(draft_id)
        if found is None:
            return problem(404, "not-found")
        if found["application_no"]:
            return jsonify(city.cases[found["application_no"]])
        if int(request.headers["If-Match"].strip('"')) != found["revision"]:
            return problem(412, "changed-meanwhile", revision=found["revision"], changed={})
        if city.errors:
            return problem(422, "invalid-form", errors=city.errors)
        if any(account != found["owner"] for _, account in city.signers):
            return problem(409, "signatures-needed", roles=["shareholder"])
        procedure = city.procedure(found["procedure"])
        answers = found["answers"]
        form = {n: v for n, v in answers.items() if is_asked(procedure["form"], n, answers)}
        case = city.file(found["procedure"], form, found["owner"])
        found |= {"application_no": case["application_no"], "answers": {}}
        kept = city.slots.pop(draft_id, {})
        for slot in kept.values():
            slot["file"] = slot["file"] and slot["file"] | {"handed_in_at": city.now.isoformat()}
        city.slots[case["application_no"]] = kept
        return jsonify(case), 201

    @app.post("/api/intake/drafts/<draft_id>/materials/<code>")
    def put_into_draft(draft_id: str, code: str) -> Any:
        return put(draft_id, code) if mine(draft_id) else problem(404, "not-found")

    @app.delete("/api/intake/drafts/<draft_id>/materials/<code>")
    def take_out(draft_id: str, code: str) -> Any:
        city.slots.get(draft_id, {}).pop(code, None)
        return "", 204

    @app.get("/api/intake/applications/<no>/receipt")
    def receipt(no: str) -> Any:
        case = city.cases.get(no)
        if case is None or case["owner"] != who()["account_id"]:
            return problem(404, "not-found")
        return jsonify(case)

    @app.get("/api/intake/applications/<no>/materials")
    def materials(no: str) -> Any:
        return jsonify({"items": slots_of(city, no)})

    @app.post("/api/intake/applications/<no>/materials/<code>")
    def put_into_application(no: str, code: str) -> Any:
        return put(no, code)

    @app.get("/api/intake/materials/<material_id>")
    def content(material_id: str) -> Any:
        if material_id not in files:
            return problem(404, "not-found")
        headers = {"Content-Disposition": "attachment; filename*=UTF-8''a.pdf"}
        return Response(files[material_id], mimetype="application/pdf", headers=headers)
