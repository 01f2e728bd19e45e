"""Something of everything, for the component sheet. Invented data, never a real case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.portal import views
from services.portal.answers import Wrong
from services.portal.forms import Field, field_of
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


def sample(reader: Reader) -> dict[str, Any]:
    """Values for ``design.html``."""
    t = reader.t
    fields: list[Field] = [field_of(FORM, name, t, {}) for name in FORM["properties"]]
    message = t("{title}最后一位对不上，请看看是不是抄错了一位", title=fields[1].title)
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
        "fields": fields,
        "values": {
            "shop_name": "禾记河虾面馆",
            "operator_id_number": "329982199504183022",
            "open_flame": True,
        },
        "errors": [Wrong("operator_id_number", message)],
        "slips": [
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
        ],
        "stages": views.lanes(_branches(reader), t),
    }


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
