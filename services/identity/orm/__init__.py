"""Tables of identity."""

from services.identity.orm.accounts import account, session
from services.identity.orm.audit import audit
from services.identity.orm.audit import trail as audit_trail
from services.identity.orm.base import metadata
from services.identity.orm.firms import agency, invitation
from services.identity.orm.keys import key
from services.identity.orm.oidc import client, code, consent, grant, sign_out_note
from services.identity.orm.real_name import phone_check, sandbox_person
from services.identity.orm.second_factor import challenge, enrolment, recovery_code, second_factor
from services.identity.orm.sign_ins import sign_in
from services.identity.orm.space import certificate, certificate_consent, reading
from services.identity.orm.units import unit
from services.identity.orm.upstreams import link_ticket, upstream_flow, upstream_link

__all__ = [
    "account",
    "agency",
    "audit",
    "audit_trail",
    "certificate",
    "certificate_consent",
    "challenge",
    "client",
    "code",
    "consent",
    "enrolment",
    "grant",
    "invitation",
    "key",
    "link_ticket",
    "metadata",
    "phone_check",
    "reading",
    "recovery_code",
    "sandbox_person",
    "second_factor",
    "session",
    "sign_in",
    "sign_out_note",
    "unit",
    "upstream_flow",
    "upstream_link",
]
