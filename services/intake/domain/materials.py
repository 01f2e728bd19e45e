"""Material slots: which ones a form calls for, and what stands in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.procedure import MaterialSpec, Procedure

SlotState = Literal["empty", "uploaded", "checked", "from_library", "rejected"]
HANDED_IN = ("upload", "template")
MOST_VERSIONS = 20


class NoSuchSlot(LookupError):
    """The procedure doesn't ask for this material, or never by upload."""


class SlotClosed(Exception):
    """Nothing may be put into this slot now."""


class TooManyVersions(Exception):
    """The slot has been filled again and again."""


class UnknownMaterial(LookupError):
    """No such file, or none that the caller may know of."""


@dataclass(kw_only=True, eq=False)
class Material:
    """One version of what was put into a slot.

    It belongs to a draft until that is filed. What is uploaded to put an application right counts from
    ``handed_in_at`` on: all at once, with the correction.
    """

    material_id: str
    draft_id: str | None
    application_no: str | None
    code: str
    version: int
    file_name: str
    media_type: str
    size: int
    digest: str
    uploaded_at: datetime
    handed_in_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A slot with its newest version; ``older`` are those before it, newest first, ``why`` the reason of
    a rejection."""

    spec: MaterialSpec
    state: SlotState
    file: Material | None = None
    older: tuple[Material, ...] = ()
    why: str | None = None


def specs_for(procedure: Procedure, keys: Collection[str]) -> list[MaterialSpec]:
    """The materials that these branches name, in the procedure's order."""
    named = {code for branch in procedure.branches if branch.key in keys for code in branch.materials}
    return [spec for spec in procedure.materials if spec.code in named]


def spec_of(procedure: Procedure, code: str) -> MaterialSpec:
    """The material that can be put into slot ``code``. Raises `NoSuchSlot`."""
    for spec in procedure.materials:
        if spec.code == code and spec.how in HANDED_IN:
            return spec
    raise NoSuchSlot(code)


def missing(procedure: Procedure, keys: Collection[str], filled: Collection[str]) -> list[MaterialSpec]:
    """Uploads that these branches require and that nobody has put into their slots."""
    return [
        spec
        for spec in specs_for(procedure, keys)
        if spec.how == "upload" and spec.required and spec.code not in filled
    ]


def slots(
    specs: Iterable[MaterialSpec], files: Iterable[Material], *, accepted: bool, why: Mapping[str, str]
) -> list[Slot]:
    """A slot for each material. ``why`` are the reasons for which some were sent back: a version that has
    not been handed in yet answers such a reason."""
    found: dict[str, list[Material]] = {}
    for file in sorted(files, key=lambda f: f.version, reverse=True):
        found.setdefault(file.code, []).append(file)
    return [_slot(spec, found.get(spec.code, []), accepted, why.get(spec.code)) for spec in specs]


def _slot(spec: MaterialSpec, files: list[Material], accepted: bool, why: str | None) -> Slot:
    newest = files[0] if files else None
    if why is not None and (newest is None or newest.handed_in_at is not None):
        state: SlotState = "rejected"
    elif newest is not None:
        state = "checked" if accepted and newest.handed_in_at is not None else "uploaded"
    else:
        state = "empty" if spec.how in HANDED_IN else "from_library"
    return Slot(
        spec=spec,
        state=state,
        file=newest,
        older=tuple(files[1:]),
        why=why if state == "rejected" else None,
    )
