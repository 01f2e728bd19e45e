"""Something of everything, for the component sheet. Invented data, never a real case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import url_for

from services.portal import views
from services.portal.forms import field_of
from services.portal.papers import SlotView, slot_view
from services.portal.river import Mark
from services.portal.views import Reader, Slip

COLOURS = {
    "paper": "#F8F7F3",
    "card": "#FFFFFF",
    "ink": "#1B2528",
    "ink-2": "#4A565A",
    "river": "#0E5A64",
    "river-deep": "#0A434B",
    "link": "#0B5C86",
    "ok": "#1E6B3C",
    "wait": "#7A4B00",
    "bad": "#A3262A",
    "river-tint": "#E4EFEE",
    "ok-tint": "#E6F1E8",
    "wait-tint": "#FBF0D9",
    "bad-tint": "#FBE9E7",
    "hair": "#DDDBD3",
    "edge": "#6F7A7D",
}

FORM: dict[str, Any] = {
    "required": ["shop_name", "operator_id_number", "area", "way", "open_flame", "day"],
    "properties": {
        "shop_name": {
            "type": "string",
            "maxLength": 60,
            "x-title": {"zh": "店名", "en": "Shop name"},
            "x-help": {"zh": "与门头、营业执照一致", "en": "As on the front and the business licence"},
        },
        "operator_id_number": {
            "type": "string",
            "x-input": "id_number",
            "x-title": {"zh": "经营者身份证号", "en": "Operator's ID number"},
        },
        "area": {"type": "number", "x-title": {"zh": "经营面积（平方米）", "en": "Floor area (m²)"}},
        "day": {"type": "string", "format": "date", "x-title": {"zh": "开业日期", "en": "Opening day"}},
        "open_flame": {
            "type": "boolean",
            "x-title": {"zh": "后厨使用明火", "en": "Open flame in the kitchen"},
        },
        "way": {
            "type": "string",
            "enum": ["commitment", "inspection"],
            "x-title": {"zh": "消防检查方式", "en": "Way of the fire check"},
            "x-labels": {
                "commitment": {"zh": "告知承诺", "en": "By commitment"},
                "inspection": {"zh": "先检查后营业", "en": "Inspection first"},
            },
        },
        "remark": {
            "type": "string",
            "x-input": "textarea",
            "x-title": {"zh": "想说明的话", "en": "Anything to add"},
        },
    },
}


SLOTS: dict[str, dict[str, Any]] = {
    "empty": {},
    "focus": {},
    "uploading": {},
    "filled": {"state": "uploaded", "file": True},
    "error": {},
    "checked": {"state": "checked", "file": True},
    "library": {"how": "reuse", "state": "from_library"},
    "rejected": {
        "state": "rejected",
        "file": True,
        "why": {"zh": "第 3 页不清楚，请重拍。", "en": "Page 3 can't be read; please photograph it again."},
    },
}
"""What differs in each state of a file slot."""


def sample(reader: Reader) -> dict[str, Any]:
    """Values for ``design.html``."""
    t = reader.t
    fields = {name: field_of(FORM, name, t, {}) for name in FORM["properties"]}
    id_number = t("{title}最后一位对不上，请看看是不是抄错了一位", title=fields["operator_id_number"].title)
    return {
        "colours": COLOURS,
        "reader": reader,
        "marks": [
            Mark("ok", "done", t("已同意")),
            Mark("now", "now", t("正在办理")),
            Mark("wait", "wait", t("等您补正")),
            Mark("bad", "bad", t("已超期，正在督办")),
            Mark("quiet", "ahead", t("还没开始")),
        ],
        "questions": [
            ("input", fields["shop_name"], "禾记河虾面馆"),
            ("id-number", fields["operator_id_number"], "329982199504183022"),
            ("date", fields["day"], "2026-12-01"),
            ("radio-cards", fields["way"], "commitment"),
            ("yes-no", fields["open_flame"], True),
            ("long-text", fields["remark"], t("开饭店")),
        ],
        "wrong_words": {
            "input": t("请填写{title}", title=fields["shop_name"].title),
            "id-number": id_number,
            "date": t("请检查{title}的写法", title=fields["day"].title),
            "radio-cards": t("请选择{title}", title=fields["way"].title),
            "yes-no": t("请选择{title}", title=fields["open_flame"].title),
            "long-text": t("请填写{title}", title=fields["remark"].title),
            "slot": t("请选择一个文件"),
        },
        "summary": [("#id-number-error", id_number)],
        "known": {
            "field": fields["shop_name"],
            "value": "禾记河虾面馆",
            "origin": t.of({"zh": "营业执照", "en": "the business licence"}),
        },
        "slots": {state: _slot(state, reader) for state in SLOTS},
        "due": {
            "soon": (reader.now + timedelta(days=4)).isoformat(),
            "late": (reader.now - timedelta(days=4)).isoformat(),
            "why": t.of({"zh": "受理后 5 个工作日，补正的 2 天不算", "en": "5 working days from acceptance"}),
        },
        "slips": _slips(reader),
        "linked_slip": Slip(
            "SJ20261124000123K", t("开饭店"), Mark("now", "now", t("办理中")), href=url_for("public.design")
        ),
        "stages": views.lanes(_branches(reader), t),
        "lines": [
            (fields["shop_name"].title, "shop_name", "禾记河虾面馆", url_for("public.design")),
            (fields["area"].title, "area", "120", url_for("public.design")),
        ],
        "table": [
            {"name": {"zh": "市场监督管理局", "en": "Market Regulation"}, "open": 12, "overdue": 0},
            {"name": {"zh": "税务局", "en": "Tax"}, "open": 7, "overdue": 2},
        ],
        "facet": _facet(),
        "chosen_facet": _facet(chosen="tax"),
        "to": lambda **_: url_for("public.design"),
    }


def _facet(chosen: str = "") -> list[dict[str, Any]]:
    rows = (("permits", "准营准办", "Permits", 12), ("tax", "税务", "Tax", 4))
    return [
        {"value": v, "title": {"zh": zh, "en": en}, "count": n, "chosen": v == chosen}
        for v, zh, en, n in rows
    ]


def _slot(state: str, reader: Reader) -> SlotView:
    file = {
        "material_id": "sample",
        "file_name": "平面布局图.pdf",
        "size": 480 * 1024,
        "uploaded_at": reader.now.isoformat(),
    }
    slot = {
        "code": f"slot-{state}",
        "title": {"zh": "平面布局图", "en": "Floor plan"},
        "how": "upload",
        "required": True,
        "formats": ["pdf", "jpg", "png"],
        "max_bytes": 10 * 1024 * 1024,
        "state": "empty",
        "file": None,
    } | SLOTS[state]
    return slot_view(
        slot | {"file": file if slot["file"] else None, "why": reader.t.of(slot.get("why"))}, reader.t
    )


def _slips(reader: Reader) -> list[Slip]:
    t = reader.t
    return [
        Slip(
            "SJ20261124000123K",
            t("开饭店"),
            Mark("now", "now", t("办理中")),
            t("各部门同时审查"),
            t("承办部门"),
            t("最晚 {day}", day=reader.day(reader.now + timedelta(days=9))),
            "",
            t("还剩 {n} 个工作日", n=7),
        ),
        Slip(
            "SJ20261124000087P",
            t("新设企业"),
            Mark("wait", "wait", t("等您补正")),
            t("请补正材料，补好一次提交。"),
            t("您"),
        ),
        Slip("CG20261104000031A", t("大型户外广告设置审批"), Mark("bad", "bad", t("已超期，正在督办"))),
        Slip("SJ20261101000007C", t("新设企业"), Mark("ok", "done", t("已办结"))),
    ]


def _branches(reader: Reader) -> list[dict[str, Any]]:
    due = (reader.now + timedelta(days=4)).isoformat()
    rows = [
        (
            "licence",
            (),
            "answered",
            "agree",
            "SJ",
            "市场监督管理局",
            "Market Regulation",
            "公司设立登记",
            "Registration",
        ),
        (
            "seal",
            ("licence",),
            "answered",
            "agree",
            "GA",
            "公安局",
            "Public Security",
            "公章刻制备案",
            "Seals",
        ),
        ("tax", ("licence",), "claimed", None, "SW", "税务局", "Tax", "新办纳税人信息确认", "Taxpayer"),
        (
            "social",
            ("licence",),
            "suspended",
            None,
            "RS",
            "人社局",
            "Social Security",
            "单位社会保险登记",
            "Insurance",
        ),
        (
            "fund",
            ("licence",),
            "open",
            None,
            "GJ",
            "公积金中心",
            "Housing Fund",
            "公积金单位缴存登记",
            "Housing fund",
        ),
    ]
    return [
        {
            "key": key,
            "depends_on": before,
            "status": status,
            "answer": answer,
            "department": code,
            "department_name": {"zh": zh, "en": en},
            "title": {"zh": title, "en": english},
            "kind": "record",
            "promised_due": due,
            "overdue": key == "fund",
            "correction_request": 1 if status == "suspended" else None,
        }
        for key, before, status, answer, code, zh, en, title, english in rows
    ]
