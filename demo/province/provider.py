"""The provider: Authlib's authorization server with one client, its people and codes kept in memory."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import yaml
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core import OpenIDCode
from flask import Flask
from joserfc.jwk import RSAKey

PEOPLE = Path(__file__).parent / "people.yaml"
CLIENT = "jiangtang"
ALGORITHM = "RS256"
LIVES_S = 300
HERE = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account of the province."""

    login: str
    name: str
    id_number: str
    assurance: str
    note: str = ""

    @property
    def subject(self) -> str:
        return f"js-{self.login}"


def people_of_the_sample() -> tuple[dict[str, Person], str]:
    """By login, and their common password."""
    said = yaml.safe_load(PEOPLE.read_text(encoding="utf-8"))
    return {p["login"]: Person(**p) for p in said["people"]}, said["password"]


def new_key() -> RSAKey:
    """A key to sign ID tokens with."""
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"}, private=True)


@dataclass(slots=True)
class Code:
    """An authorization code, as Authlib asks about it."""

    person: Person
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    auth_time: int
    issued_at: float = field(default_factory=time.time)

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> list[str]:
        return ["pwd"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser in which somebody has signed in, and when."""

    person: Person
    at: int


class City(ClientMixin):
    """The one client: a city's platform, on this machine at any port."""

    def __init__(self, secret: str):
        self._secret = secret

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(word for word in (scope or "").split() if word in ("openid", "profile"))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        parts = urlsplit(redirect_uri)
        return parts.hostname in HERE and parts.path == "/sign-in/from/province"

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(client_secret.encode(), self._secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class Province(AuthorizationServer):
    """Everything it knows is gone when it ends."""

    def __init__(self, issuer: str, secret: str, key: RSAKey | None = None):
        super().__init__()
        self.issuer = issuer
        self.people, self.password = people_of_the_sample()
        self.city = City(secret)
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, Person] = {}
        self.browsers: dict[str, SignedIn] = {}
        self.keys = [key or new_key()]
        self.register_grant(CodeGrant, [IdToken(self), CodeChallenge(required=True)])
        self.register_extension(Issuer(issuer))

    def start(self, app: Flask) -> None:
        """Serve ``app``."""
        self.init_app(app, lambda client_id: self.city if client_id == CLIENT else None, self._keep)

    def rotate(self) -> None:
        """Sign with a new key; the old ones are gone."""
        self.keys = [new_key()]

    def _keep(self, token: dict[str, Any], request: Any) -> None:
        self.tokens[token["access_token"]] = request.user


class Issuer(IssuerParameter):
    """Answers say who gives them (RFC 9207)."""

    def __init__(self, issuer: str):
        self._issuer = issuer

    def get_issuer(self) -> str:
        return self._issuer


class CodeGrant(AuthorizationCodeGrant):
    """Codes that live a minute and count once."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_basic"]
    server: Province

    def save_authorization_code(self, code: str, request: Any) -> None:
        data = request.payload.data
        signed_in: SignedIn = request.user
        self.server.codes[code] = Code(
            person=signed_in.person,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            nonce=data.get("nonce"),
            code_challenge=data.get("code_challenge"),
            code_challenge_method=data.get("code_challenge_method"),
            auth_time=signed_in.at,
        )

    def query_authorization_code(self, code: str, client: City) -> Code | None:
        found = self.server.codes.pop(code, None)
        return found if found is not None and time.time() - found.issued_at < 60 else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """It was taken when it was looked up."""

    def authenticate_user(self, authorization_code: Code) -> Person:
        return authorization_code.person


class IdToken(OpenIDCode):
    """Who signed in, and how well known; the number is told at the user info endpoint alone."""

    def __init__(self, server: Province):
        super().__init__(require_nonce=True)
        self._server = server

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return False

    def resolve_client_private_key(self, client: City) -> RSAKey:
        return self._server.keys[0]

    def get_client_algorithm(self, client: City) -> str:
        return ALGORITHM

    def get_encode_header(self, client: City) -> dict[str, str]:
        return {"alg": ALGORITHM, "kid": str(self._server.keys[0].kid)}

    def get_client_claims(self, client: City) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self._server.issuer, "aud": [CLIENT], "iat": now, "exp": now + LIVES_S}

    def generate_user_info(self, user: Person, scope: str) -> dict[str, Any]:
        return {"sub": user.subject, "name": user.name, "assurance": user.assurance}
