"""Second factors: secrets are sealed, recovery codes and challenges are hashed."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from chassis.types import JSONType, SealedText, UtcDateTime
from services.identity.domain import Challenge, Enrolment, SecondFactor
from services.identity.orm.accounts import account
from services.identity.orm.base import mapping, metadata

second_factor = Table(
    "second_factor",
    metadata,
    Column("account_id", String(40), ForeignKey(account.c.account_id), primary_key=True),
    Column("secret", SealedText, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("last_step", BigInteger, nullable=False),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("account_id", String(40), ForeignKey(account.c.account_id), primary_key=True),
    Column("code_hash", String(64), primary_key=True),
    Column("used_at", UtcDateTime),
)

challenge = Table(
    "challenge",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("account_id", String(40), ForeignKey(account.c.account_id), nullable=False),
    Column("passed", JSONType, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Index("challenge_of", "account_id"),
)
"""Sign-ins on their way."""

enrolment = Table(
    "enrolment",
    metadata,
    Column("holder", String(64), primary_key=True),
    Column("account_id", String(40), ForeignKey(account.c.account_id), nullable=False),
    Column("secret", SealedText, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Index("enrolment_of", "account_id"),
)

mapping.map_imperatively(SecondFactor, second_factor)
mapping.map_imperatively(Challenge, challenge)
mapping.map_imperatively(Enrolment, enrolment)
