"""What a provider's claims say about somebody, in our own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.identity.domain import is_name
from services.identity.domain.real_name import NUMBER_LEVEL
from services.identity.domain.upstreams import UpstreamRefused, Vouched
from services.identity.numbers import is_id_number, normalised
from services.identity.upstream.settings import Upstream


def claims_wanted(upstream: Upstream) -> tuple[str, ...]:
    return upstream.name_claim, upstream.number_claim, upstream.level_claim


def vouched_by(upstream: Upstream, claims: Mapping[str, Any]) -> Vouched:
    """A word for assurance that isn't in the settings counts as none; a number that wasn't verified there is
    no number. Raises `UpstreamRefused`."""
    level = upstream.levels.get(str(claims.get(upstream.level_claim)), 0)
    name, number = claims.get(upstream.name_claim), claims.get(upstream.number_claim)
    if not isinstance(name, str) or not is_name(name) or not name.isprintable():
        raise UpstreamRefused("claims")
    id_number = None
    if level >= NUMBER_LEVEL:
        if not isinstance(number, str) or not number:
            raise UpstreamRefused("claims")
        id_number = normalised(number)
        if not is_id_number(id_number):
            raise UpstreamRefused("number")
    return Vouched(
        upstream=upstream.slug,
        issuer=upstream.issuer,
        subject=str(claims["sub"]),
        name=name.strip(),
        id_number=id_number,
        level=level,
    )
