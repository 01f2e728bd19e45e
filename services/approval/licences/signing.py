"""The department's seal on a file: a PAdES signature that allows no later change, over the drawn seal.

Keys stay loaded. A PKCS#12 file is read again when it has changed; a PKCS#11 token is opened once.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from services.approval.licences.authority import Authority
from services.approval.licences.coroutines import settled

MM = 72 / 25.4
SEAL_FROM_RIGHT, SEAL_FROM_BOTTOM, SEAL_RADIUS = 78, 51, 21
FIELD = "Seal"
RESERVED = 8192


class NoKey(LookupError):
    """There is no key to seal for this department with."""


class Sealer(Protocol):
    """Seals files for departments. A city with SM2 certificates and OFD plugs its own in here."""

    def seal(self, content: bytes, department: str, reason: str) -> bytes:
        """Raises `NoKey`."""


class KeySealer:
    """Seals with the keys in the authority's folder, or with those of a PKCS#11 token if one is set."""

    def __init__(self, authority: Authority, environ: Mapping[str, str] = os.environ):
        self._authority = authority
        self._token = environ.get("ONEWINDOW_SEAL_PKCS11")
        self._signers: dict[str, tuple[float, Any]] = {}
        self._session: Any = None

    def seal(self, content: bytes, department: str, reason: str) -> bytes:
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import fields, signers
        from pyhanko.stamp import StaticStampStyle

        signer = self._signer(department)
        writer = IncrementalPdfFileWriter(io.BytesIO(content))
        writer.ensure_output_version = _stays_a_2b  # type: ignore[method-assign]
        box = writer.root["/Pages"]["/Kids"][0]["/MediaBox"]
        middle = (float(box[2]) - SEAL_FROM_RIGHT * MM, SEAL_FROM_BOTTOM * MM)
        radius = SEAL_RADIUS * MM
        left, low, right, high = (round(m + s * radius) for s in (-1, 1) for m in middle)
        metadata = signers.PdfSignatureMetadata(
            field_name=FIELD,
            subfilter=fields.SigSeedSubFilter.PADES,
            md_algorithm="sha256",
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
            reason=reason,
        )
        sealer = signers.PdfSigner(
            metadata,
            signer=signer,
            stamp_style=_nothing_drawn(StaticStampStyle),
            new_field_spec=fields.SigFieldSpec(
                FIELD, box=(left, low, right, high), empty_field_appearance=True
            ),
        )
        run = asyncio.run if self._token else settled
        made = run(sealer.async_sign_pdf(writer, bytes_reserved=RESERVED))
        return bytes(made.getbuffer())

    def _signer(self, department: str) -> Any:
        if self._token:
            return self._of_token(department)
        path = self._authority.folder / f"{department}.p12"
        try:
            changed = path.stat().st_mtime
        except FileNotFoundError:
            raise NoKey(f"{path} is missing: `onewindow ca issue {department}`") from None
        kept = self._signers.get(department)
        if kept is None or kept[0] != changed:
            kept = self._signers[department] = changed, _of_file(path, self._authority.password())
        return kept[1]

    def _of_token(self, department: str) -> Any:
        """The key labelled with the department's code. The setting is JSON: module, token, pin_file."""
        from pyhanko.config.pkcs11 import TokenCriteria
        from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

        if department not in self._signers:
            where = json.loads(self._token or "{}")
            if self._session is None:
                pin = Path(where["pin_file"]).read_text().strip()
                self._session = open_pkcs11_session(
                    where["module"], token_criteria=TokenCriteria(where["token"]), user_pin=pin
                )
            signer = PKCS11Signer(self._session, cert_label=department, key_label=department)
            self._signers[department] = 0.0, signer
        return self._signers[department][1]


def _of_file(path: Path, password: bytes) -> Any:
    from pyhanko.sign import SimpleSigner

    found = SimpleSigner.load_pkcs12(str(path), passphrase=password)
    if found is None:
        raise NoKey(f"{path} can't be opened with its password")
    return found


def _stays_a_2b(*_: Any, **__: Any) -> None:
    """A signature of the PAdES kind would raise the file to PDF 2.0, which PDF/A-2 doesn't allow."""


def _nothing_drawn(style: Any) -> Any:
    return style(border_width=0, background_opacity=0)
