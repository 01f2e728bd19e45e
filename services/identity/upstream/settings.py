"""Which providers people may sign in through: a JSON file, named by ``ONEWINDOW_UPSTREAMS_FILE``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chassis.config import WrongSetting
from services.identity.domain.clients import is_address

VARIABLE = "ONEWINDOW_UPSTREAMS_FILE"
SLUG = re.compile(r"[a-z][a-z0-9-]{1,19}")
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Made with a private key: a secret both sides know, or none, proves nothing here."""
LEVELS = range(4)
NEEDED = {"slug", "issuer", "client_id", "client_secret", "name", "claims", "levels"}
KNOWN = NEEDED | {"scope", "algorithms", "ca_file"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """One provider. ``levels`` says which real-name level its words for assurance stand for at most, and
    ``name_claim``, ``number_claim``, ``level_claim`` where it says who somebody is."""

    slug: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: Mapping[str, str]
    name_claim: str
    number_claim: str
    level_claim: str
    levels: Mapping[str, int]
    scope: str = "openid profile"
    algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256")
    ca_file: str | None = None


def read_upstreams(environ: Mapping[str, str] = os.environ) -> tuple[Upstream, ...]:
    """Those of the file, none where none is named. Raises `WrongSetting` with all that is wrong in one line:
    a slip of the pen is told at the start, and never shows a secret."""
    path = environ.get(VARIABLE, "").strip()
    if not path:
        return ()
    try:
        said = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongSetting(f"{VARIABLE}: {path} can't be read ({error.strerror}): name a JSON file") from None
    except ValueError:
        raise WrongSetting(f"{VARIABLE}: {path} is no JSON: correct it") from None
    entries = said.get("upstreams") if isinstance(said, dict) else None
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise WrongSetting(f'{VARIABLE}: {path} must hold {{"upstreams": [{{…}}]}}')
    wrong = [f"upstreams[{n}].{what}" for n, entry in enumerate(entries) for what in _wrong(entry, environ)]
    for name in ("slug", "issuer"):
        values = [str(e.get(name)) for e in entries]
        wrong += [
            f"{name} {v!r} twice: each needs its own"
            for v in sorted({v for v in values if values.count(v) > 1})
        ]
    if wrong:
        raise WrongSetting(f"{VARIABLE}: {path}: {'; '.join(wrong)}")
    return tuple(_upstream(entry, environ) for entry in entries)


def _wrong(entry: dict[str, Any], environ: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(NEEDED - entry.keys()):
        yield f"{name} is missing"
    for name in sorted(entry.keys() - KNOWN):
        yield f"{name} is not known: remove it"
    if not SLUG.fullmatch(str(entry.get("slug", "ok"))):
        yield "slug must be 2 to 20 of a-z, 0-9, - and begin with a letter"
    issuer = entry.get("issuer", "https://ok.example")
    if not isinstance(issuer, str) or not is_address(issuer) or "?" in issuer or len(issuer) > 200:
        yield "issuer must be an https address (http on this machine only)"
    if not _is_text(entry.get("client_id", "ok")):
        yield "client_id must be a text"
    if "client_secret" in entry:
        yield from _wrong_secret(entry["client_secret"], environ)
    if "name" in entry and not _are_texts(entry["name"], {"zh", "en"}):
        yield 'name must be {"zh": …, "en": …}'
    if "claims" in entry and not _are_texts(entry["claims"], {"name", "id_number", "level"}):
        yield 'claims must be {"name": …, "id_number": …, "level": …}, each the name of a claim'
    if "levels" in entry and not _are_levels(entry["levels"]):
        yield "levels must give each of the provider's words a level from 0 to 3"
    if "openid" not in str(entry.get("scope", "openid")).split():
        yield "scope must contain openid"
    algorithms = entry.get("algorithms", ["ES256"])
    if not isinstance(algorithms, list) or not algorithms or not set(map(str, algorithms)) <= set(SIGNATURES):
        yield f"algorithms must be some of {', '.join(SIGNATURES)}"
    if "ca_file" in entry and not Path(str(entry["ca_file"])).is_file():
        yield "ca_file must name a file of certificates"


def _wrong_secret(said: Any, environ: Mapping[str, str]) -> Iterator[str]:
    if not isinstance(said, dict) or len(said) != 1 or not said.keys() <= {"env", "file"}:
        yield 'client_secret must be {"env": "VARIABLE"} or {"file": "/path"}, never the secret itself'
        return
    ((kind, where),) = said.items()
    if not _secret(said, environ):
        yield f"client_secret: {kind} {where} holds nothing: put the secret there"


def _secret(said: dict[str, str], environ: Mapping[str, str]) -> str:
    if "env" in said:
        return environ.get(str(said["env"]), "").strip()
    try:
        return Path(str(said["file"])).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200 and value.isprintable()


def _are_texts(value: Any, names: set[str]) -> bool:
    return isinstance(value, dict) and value.keys() == names and all(map(_is_text, value.values()))


def _are_levels(value: Any) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    return all(type(level) is int and level in LEVELS for level in value.values())


def _upstream(entry: dict[str, Any], environ: Mapping[str, str]) -> Upstream:
    more: dict[str, Any] = {name: entry[name] for name in ("scope", "ca_file") if name in entry}
    if "algorithms" in entry:
        more["algorithms"] = tuple(entry["algorithms"])
    return Upstream(
        slug=entry["slug"],
        issuer=entry["issuer"],
        client_id=entry["client_id"],
        client_secret=_secret(entry["client_secret"], environ),
        name=entry["name"],
        name_claim=entry["claims"]["name"],
        number_claim=entry["claims"]["id_number"],
        level_claim=entry["claims"]["level"],
        levels=entry["levels"],
        **more,
    )
