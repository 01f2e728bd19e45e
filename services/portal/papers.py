"""Material slots as pages show them, and drafts as slips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.portal.answers import Wrong
from services.portal.river import Mark
from services.portal.words import Language

HANDED_IN = ("upload", "template")
ACCEPT = {
    "pdf": (".pdf", "application/pdf"),
    "jpg": (".jpg", ".jpeg", "image/jpeg"),
    "png": (".png", "image/png"),
    "docx": (".docx",),
    "xlsx": (".xlsx",),
}
PICTURES = ("jpg", "png")


@dataclass(frozen=True, slots=True)
class SlotView:
    """One slot: its state in words, what the applicant may do, what kinds of file fit."""

    code: str
    title: str
    mark: Mark
    hint: str
    file: Mapping[str, Any] | None
    older: tuple[Mapping[str, Any], ...]
    open: bool
    needed: bool
    accept: str
    kinds: str
    camera: bool
    why: str = ""
    most: str = ""
    is_held: bool = False

    @property
    def id(self) -> str:
        """Where errors lead."""
        return f"material-{self.code}"


def slot_view(slot: Mapping[str, Any], t: Language, *, for_staff: bool = False) -> SlotView:
    formats = slot.get("formats") or ()
    required = (slot["how"] == "upload" or is_withheld(slot)) and slot["required"]
    return SlotView(
        code=slot["code"],
        title=t.of(slot["title"]),
        mark=_mark_for_staff(slot, t) if for_staff else _mark(slot, required, t),
        hint=_hint_for_staff(slot, t) if for_staff else _hint(slot, t),
        file=slot.get("file"),
        older=tuple(slot.get("older") or ()),
        open=slot["how"] in HANDED_IN or is_withheld(slot),
        needed=required,
        accept=",".join(part for name in formats for part in ACCEPT.get(name, ())),
        kinds=t("、").join(name.upper() for name in formats),
        camera=any(name in PICTURES for name in formats),
        why=slot.get("why") or "",
        most=size_of(slot["max_bytes"]) if slot.get("max_bytes") else "",
        is_held=slot["state"] == "from_library",
    )


def slot_views(slots: Iterable[Mapping[str, Any]], t: Language, *, for_staff: bool = False) -> list[SlotView]:
    return [slot_view(slot, t, for_staff=for_staff) for slot in slots]


def missing_uploads(slots: Iterable[Mapping[str, Any]], t: Language) -> list[Wrong]:
    """Required slots without a file, as what is to be put right."""
    return [
        Wrong(
            f"material-{slot['code']}",
            t("请勾选同意使用{title}，或上传一份", title=t.of(slot["title"]))
            if is_withheld(slot)
            else t("请上传{title}", title=t.of(slot["title"])),
        )
        for slot in slots
        if (slot["how"] == "upload" or is_withheld(slot)) and slot["required"] and not slot.get("file")
    ]


def issuers(procedure: Mapping[str, Any]) -> dict[str, Any]:
    """Who issues what the city holds already, by material."""
    listed = (procedure.get("facts") or {}).get("materials") or ()
    return {m["code"]: m["issuer"] for m in listed if m.get("issuer")}


def is_withheld(slot: Mapping[str, Any]) -> bool:
    """The applicant doesn't want the city's certificate to be used: the material is asked for."""
    return (slot.get("certificate") or {}).get("given") is False


def any_open(slots: Iterable[Mapping[str, Any]]) -> bool:
    """Whether there is anything to hand in."""
    return any(slot["how"] in HANDED_IN or is_withheld(slot) for slot in slots)


def size_of(count: int) -> str:
    if count >= 1024 * 1024:
        return f"{count / 1024 / 1024:.1f}".removesuffix(".0") + " MB"
    return f"{max(1, count // 1024)} KB"


def _mark(slot: Mapping[str, Any], required: bool, t: Language) -> Mark:
    state, how = slot["state"], slot["how"]
    if state == "rejected":
        return Mark("bad", "bad", t("要重新上传"))
    if state == "checked":
        return Mark("ok", "done", t("已核对"))
    if state == "uploaded":
        return Mark("ok", "done", t("已上传"))
    if state == "from_library":
        return _mark_of_held(slot, how, t)
    if how == "template":
        return Mark("quiet", "ahead", t("可用示范文本"))
    return Mark("wait", "wait", t("还没上传")) if required else Mark("quiet", "ahead", t("需要时上传"))


def _mark_of_held(slot: Mapping[str, Any], how: str, t: Language) -> Mark:
    certificate = slot.get("certificate") or {}
    if certificate.get("state", "valid") != "valid":
        if certificate["state"] == "expired":
            return Mark("wait", "wait", t("已过期，请先办延续"))
        return Mark("bad", "bad", certificate_state(certificate["state"], t))
    if certificate.get("given"):
        return Mark("ok", "done", t("同意使用市里的证照"))
    return Mark("ok", "done", t("联网核验，您不用交") if how == "check" else t("市里已有，您不用交"))


def ended_state(slot: Mapping[str, Any]) -> str:
    """How the certificate that is used stands, when it is valid no more; else empty."""
    certificate = slot.get("certificate") or {}
    state = str(certificate.get("state", "valid"))
    return state if certificate.get("given") and state != "valid" else ""


def ended_certificates(slots: Iterable[Mapping[str, Any]], t: Language) -> dict[str, str]:
    """By material what is to be acknowledged before somebody agrees."""
    return {
        s["code"]: f"{t.of(s['title'])} {certificate_state(ended_state(s), t)}"
        for s in slots
        if ended_state(s)
    }


def certificate_state(state: str, t: Language) -> str:
    """A certificate's state in words."""
    if state == "expired":
        return t("已过期")
    if state == "revoked":
        return t("已注销或撤销")
    return t("已被新证替代") if state == "superseded" else t("有效")


def _hint_for_staff(slot: Mapping[str, Any], t: Language) -> str:
    certificate = slot.get("certificate") or {}
    if not certificate.get("number"):
        return ""
    state = certificate_state(certificate["state"], t)
    return t("证照号码 {number}，{state}", number=certificate["number"], state=state)


def _mark_for_staff(slot: Mapping[str, Any], t: Language) -> Mark:
    state, how = slot["state"], slot["how"]
    if state in ("uploaded", "checked"):
        return Mark("ok", "done", t("已核对") if state == "checked" else t("已上传"))
    if state == "rejected":
        return Mark("wait", "wait", t("等申请人重传"))
    if state == "from_library":
        if code := ended_state(slot):
            return Mark("bad", "bad", certificate_state(code, t))
        return Mark("ok", "done", t("联网核验") if how == "check" else t("市里已有"))
    return Mark("quiet", "ahead", t("按示范文本") if how == "template" else t("没有交"))


def _hint(slot: Mapping[str, Any], t: Language) -> str:
    if slot.get("needed_when"):
        return t.of(slot["needed_when"])
    if is_withheld(slot):
        return t("不用市里的证照，请上传")
    if slot["how"] == "template":
        return t("不上传，就按市里的示范文本办理。")
    return ""
