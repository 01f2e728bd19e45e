"""Material slots: which ones a form calls for, and what stands in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.procedure import MaterialSpec, Procedure
from services.intake.domain.certificates import CertificateUse

SlotState = Literal["empty", "uploaded", "checked", "from_library", "rejected"]
HANDED_IN = ("upload", "template")
COPY = ("pdf", "jpg", "png")
"""What is taken in place of a certificate that must not be used."""
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
    certificate: CertificateUse | None = None

    @property
    def formats(self) -> tuple[str, ...]:
        """Kinds of file that may be put in; empty: none."""
        asked = self.certificate is not None and self.certificate.given is False
        return COPY if self.spec.how == "reuse" and asked else self.spec.formats


def specs_for(procedure: Procedure, keys: Collection[str]) -> list[MaterialSpec]:
    """The materials that these branches name, in the procedure's order."""
    named = {code for branch in procedure.branches if branch.key in keys for code in branch.materials}
    return [spec for spec in procedure.materials if spec.code in named]


def spec_of(procedure: Procedure, code: str, withheld: Collection[str] = ()) -> MaterialSpec:
    """The material that can be put into slot ``code``: one that is handed in, or one whose certificate must
    not be used. Raises `NoSuchSlot`."""
    for spec in procedure.materials:
        if spec.code == code and (spec.how in HANDED_IN or code in withheld):
            return spec
    raise NoSuchSlot(code)


def missing(
    procedure: Procedure, keys: Collection[str], filled: Collection[str], withheld: Collection[str] = ()
) -> list[MaterialSpec]:
    """Uploads that these branches require and that nobody has put into their slots."""
    return [
        spec
        for spec in specs_for(procedure, keys)
        if (spec.how == "upload" or spec.code in withheld) and spec.required and spec.code not in filled
    ]


def slots(
    specs: Iterable[MaterialSpec],
    files: Iterable[Material],
    *,
    accepted: bool,
    why: Mapping[str, str],
    certificates: Mapping[str, CertificateUse] | None = None,
) -> list[Slot]:
    """A slot for each material. ``why`` are the reasons for which some were sent back: a version that has
    not been handed in yet answers such a reason."""
    found: dict[str, list[Material]] = {}
    for file in sorted(files, key=lambda f: f.version, reverse=True):
        found.setdefault(file.code, []).append(file)
    used = certificates or {}
    return [
        _slot(spec, found.get(spec.code, []), accepted, why.get(spec.code), used.get(spec.code))
        for spec in specs
    ]


def _slot(
    spec: MaterialSpec, files: list[Material], accepted: bool, why: str | None, use: CertificateUse | None
) -> Slot:
    newest = files[0] if files else None
    if why is not None and (newest is None or newest.handed_in_at is not None):
        state: SlotState = "rejected"
    elif newest is not None:
        state = "checked" if accepted and newest.handed_in_at is not None else "uploaded"
    else:
        is_asked_for = spec.how in HANDED_IN or (use is not None and use.given is False)
        state = "empty" if is_asked_for else "from_library"
    return Slot(
        spec=spec,
        state=state,
        file=newest,
        older=tuple(files[1:]),
        why=why if state == "rejected" else None,
        certificate=use,
    )
