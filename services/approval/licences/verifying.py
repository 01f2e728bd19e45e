"""Whether a file is what a department sealed, by pyHanko's full judgement: one that only looks whether the
signed bytes are intact would still say yes after somebody has appended an edit."""

from __future__ import annotations

import io
import logging
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.approval.licences.authority import Authority, NoAuthority
from services.approval.licences.coroutines import settled

TOKEN = re.compile(rb"/v/([A-Za-z0-9_-]{22})\)")
Finding = Literal["sealed", "changed", "foreign", "key_revoked", "unsealed", "unreadable"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says by itself. ``department`` is only told when the city's authority vouches for it."""

    finding: Finding
    department: str | None = None


def token_in(content: bytes) -> str | None:
    """The token of the document this file is, or pretends to be."""
    found = TOKEN.search(content)
    return found[1].decode() if found else None


def read(content: bytes, authority: Authority, at: datetime) -> Reading:
    """Judge the file's seal as of ``at``. Never raises for what the file contains."""
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # it writes a traceback for each bad file
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        seals = PdfFileReader(io.BytesIO(content)).embedded_regular_signatures
        if not seals:
            return Reading("unsealed")
        judged = [_judge(seal, authority, at) for seal in seals]
    except (
        PdfError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        AssertionError,
        RecursionError,
    ):
        return Reading("unreadable")
    worst = next((r for r in judged if r.finding != "sealed"), None)
    return worst or judged[0]


def _judge(seal: Any, authority: Authority, at: datetime) -> Reading:
    from asn1crypto import crl as asn1_crl  # type: ignore[import-untyped]
    from asn1crypto import x509
    from pyhanko.sign.validation import async_validate_pdf_signature, errors
    from pyhanko_certvalidator import ValidationContext

    try:
        root = x509.Certificate.load(_der(authority))
    except NoAuthority:
        return Reading("foreign")
    crl = authority.crl
    context = ValidationContext(
        trust_roots=[root],
        moment=at,
        crls=[asn1_crl.CertificateList.load(crl)] if crl else [],
        revocation_mode="soft-fail",
        retroactive_revinfo=True,
    )
    try:
        status = settled(async_validate_pdf_signature(seal, context))
    except errors.SignatureValidationError:
        return Reading("changed")
    if not (status.intact and status.valid):
        return Reading("changed")
    if status.revoked:
        return Reading("key_revoked")
    if not status.trusted:
        return Reading("foreign")
    if not status.bottom_line:
        return Reading("changed")
    return Reading("sealed", status.signing_cert.subject.native.get("organizational_unit_name"))


def _der(authority: Authority) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return authority.certificate.public_bytes(Encoding.DER)
