"""The authorization server and its grants. Every request has one transaction, which is committed whatever the
answer: a reused code has to end what it began."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge
from authlib.oidc.core.grants import OpenIDCode
from flask import Response, request

from chassis.auth import ALGORITHM
from chassis.config import Config
from chassis.trust import TOKEN_LIFETIME
from chassis.uow import UnitOfWork
from services.identity import keys
from services.identity.domain import Account, Session
from services.identity.domain.clients import OPENID, Client
from services.identity.domain.grants import Code, Grant
from services.identity.handlers import grants
from services.identity.handlers.accounts import locked
from services.identity.handlers.clients import find_client
from services.identity.handlers.sessions import open_session
from services.identity.provider.claims import acr
from services.identity.provider.metadata import issuer
from services.identity.provider.requests import ReadRequest

LIVES_S = int(TOKEN_LIFETIME.total_seconds())
BY_SECRET = ("client_secret_basic", "client_secret_post")
S256 = re.compile(r"[A-Za-z0-9_-]{43}")
WORDS = re.compile(r"[a-z_ ]{1,60}")
LONGEST_NONCE = 500


@dataclass(frozen=True, slots=True)
class Owner:
    """Who signed in, and in which session."""

    account: Account
    session: Session


class Party(ClientMixin):
    """A client as Authlib asks about it."""

    def __init__(self, client: Client):
        self.client = client

    def get_client_id(self) -> str:
        return self.client.client_id

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        granted = self.client.allowed(scope)
        if granted is not None and not self.client.is_machine and OPENID not in granted.split():
            return None
        return granted

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.client.redirect_uris

    def check_post_logout_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.client.logout_uris

    def check_client_secret(self, client_secret: str) -> bool:
        kept = self.client.secret_hash
        return kept is not None and secrets.compare_digest(kept, grants.hashed(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method == "none") == (self.client.secret_hash is None)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and not self.client.is_machine

    def check_grant_type(self, grant_type: str) -> bool:
        if self.client.is_machine:
            return grant_type == "client_credentials"
        return grant_type in ("authorization_code", "refresh_token")


class CodeGrant(AuthorizationCodeGrant):
    """Authorization code; the code is used up by the first try of its client, a right or a wrong one."""

    TOKEN_ENDPOINT_AUTH_METHODS = (*BY_SECRET, "none")
    server: Provider

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Party) -> str:
        wanted = request.payload.redirect_uri
        if not wanted or not client.check_redirect_uri(wanted):
            raise RedirectMismatch()
        return str(wanted)

    def save_authorization_code(self, code: str, request: Any) -> None:
        owner: Owner = request.user
        grants.issue_code(
            request.client.client,
            owner.account,
            owner.session,
            self.server.uow,
            code=code,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            nonce=request.payload.data.get("nonce"),
            challenge=request.payload.data["code_challenge"],
        )

    def query_authorization_code(self, code: str, client: Party) -> TakenCode | None:
        taken = grants.take_code(code, client.client, self.server.uow)
        return TakenCode(taken) if taken is not None else None

    def authenticate_user(self, authorization_code: TakenCode) -> Owner | None:
        code = authorization_code.code
        found = open_session(code.account_id, code.session_id, self.server.uow)
        return Owner(*found) if found is not None else None

    def generate_token(self, user: Any = None, scope: Any = None, **_: Any) -> dict[str, Any]:
        code: Code = self.request.authorization_code.code
        refresh_token = grants.start_grant(code, self.server.uow)
        return self.server.tokens(self.request.client.client, user, code.scope, refresh_token)

    def delete_authorization_code(self, authorization_code: TakenCode) -> None:
        """It was marked when it was looked up."""


@dataclass(frozen=True, slots=True)
class TakenCode:
    """A code that was good, as Authlib asks about it."""

    code: Code

    @property
    def code_challenge(self) -> str:
        return self.code.challenge

    @property
    def code_challenge_method(self) -> str:
        return "S256"

    def get_redirect_uri(self) -> str:
        return self.code.redirect_uri

    def get_scope(self) -> str:
        return self.code.scope

    def get_nonce(self) -> str | None:
        return self.code.nonce

    def get_auth_time(self) -> int:
        return int(self.code.auth_time.timestamp())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class S256Alone(CodeChallenge):
    """RFC 7636 with S256, demanded of everybody where the code is asked for."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)
    CODE_CHALLENGE_METHODS: ClassVar = {"S256": compare_s256_code_challenge}

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload
        challenges = data.datalist["code_challenge"], data.datalist["code_challenge_method"]
        if [len(given) for given in challenges] != [1, 1]:
            raise NoChallenge("code_challenge and code_challenge_method are needed, once each.")
        if challenges[1] != ["S256"]:
            raise NoChallenge("code_challenge_method must be S256.")
        if not S256.fullmatch(challenges[0][0]):
            raise NoChallenge("code_challenge must be the base64url form of a SHA-256 hash.")


class IdToken(OpenIDCode):
    """The ID token: who signed in, when, how well known, in which session."""

    def __init__(self, server: Provider):
        super().__init__(require_nonce=False)
        self._server = server

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        if len(nonce) > LONGEST_NONCE:
            raise InvalidRequestError("nonce is too long.")
        return False  # it ties the ID token to the client's own session: only the client can compare

    def resolve_client_private_key(self, client: Party) -> Any:
        return keys.signing(self._server.uow)[1]

    def get_client_algorithm(self, client: Party) -> str:
        return ALGORITHM

    def get_encode_header(self, client: Party) -> dict[str, str]:
        return {"alg": ALGORITHM, "kid": keys.signing(self._server.uow)[0]}

    def get_client_claims(self, client: Party) -> dict[str, Any]:
        now = int(self._server.uow.now.timestamp())
        aud = [client.get_client_id()]
        return {"iss": issuer(self._server.config), "aud": aud, "iat": now, "exp": now + LIVES_S}

    def get_authorization_code_claims(self, authorization_code: TakenCode) -> dict[str, Any]:
        claims: dict[str, Any] = super().get_authorization_code_claims(authorization_code)
        return claims | {"sid": authorization_code.code.session_id}

    def generate_user_info(self, user: Owner, scope: str) -> dict[str, Any]:
        ways = user.session.began_by.split()
        return {"sub": user.account.account_id, "acr": acr(user.account), "amr": ways}


@dataclass(frozen=True, slots=True)
class PresentedGrant:
    """A refresh token that counts, as Authlib asks about it."""

    grant: Grant

    def check_client(self, client: Party) -> bool:
        return self.grant.client_id == client.get_client_id()

    def get_scope(self) -> str:
        return self.grant.scope


class RefreshGrant(RefreshTokenGrant):
    """Refresh with rotation; an old token ends its family."""

    TOKEN_ENDPOINT_AUTH_METHODS = (*BY_SECRET, "none")
    server: Provider

    def authenticate_refresh_token(self, refresh_token: str) -> PresentedGrant | None:
        found = grants.grant_of(refresh_token, self.request.client.client, self.server.uow)
        return PresentedGrant(found) if found is not None else None

    def authenticate_user(self, refresh_token: PresentedGrant) -> Owner:
        grant = refresh_token.grant
        found = open_session(grant.account_id, grant.session_id, self.server.uow)
        if found is None:
            raise InvalidGrantError("The session is over.")
        return Owner(*found)

    def issue_token(self, user: Owner, refresh_token: PresentedGrant) -> dict[str, Any]:
        scope = self.request.payload.scope or refresh_token.get_scope()
        following = grants.renew_grant(refresh_token.grant, self.server.uow)
        return self.server.tokens(self.request.client.client, user, scope, following)

    def revoke_old_credential(self, refresh_token: PresentedGrant) -> None:
        """It was replaced when the new one was made."""


class MachineGrant(ClientCredentialsGrant):
    """A machine asks in its own name."""

    TOKEN_ENDPOINT_AUTH_METHODS = BY_SECRET
    server: Provider

    def validate_requested_scope(self) -> None:
        if self.client.get_allowed_scope(self.request.payload.scope) is None:
            raise InvalidScopeError()

    def generate_token(self, user: Any = None, scope: Any = None, **_: Any) -> dict[str, Any]:
        client: Client = self.client.client
        assert client.account_id is not None
        uow = self.server.uow
        account = locked(client.account_id, uow)
        granted = client.allowed(scope) or ""
        token = keys.access_token(
            account,
            account.counts_from(uow.now),
            uow,
            audience=client.audience(granted),
            scope=granted,
        )
        return {"token_type": "Bearer", "access_token": token, "expires_in": LIVES_S, "scope": granted}


class RedirectMismatch(InvalidRequestError):
    """Nobody is sent to an address that isn't registered, letter by letter."""

    description = "redirect_uri is not one of those registered for this client."


class NoChallenge(InvalidRequestError):
    """Asked for a code without a challenge, or with a plain one."""


class Provider(AuthorizationServer):
    """One a request: everything it does is part of ``uow``."""

    def __init__(self, uow: UnitOfWork, config: Config):
        super().__init__()
        self.uow = uow
        self.config = config
        self.refusal: OAuth2Error | None = None
        self.register_grant(CodeGrant, [IdToken(self), S256Alone(required=True)])
        self.register_grant(RefreshGrant)
        self.register_grant(MachineGrant)

    def query_client(self, client_id: str) -> Party | None:
        found = find_client(client_id, self.uow.session, self.config)
        return Party(found) if found is not None else None

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        """Grants keep what is theirs."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request_: Any) -> ReadRequest:
        return request_ if isinstance(request_, ReadRequest) else ReadRequest(request)

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        content = json.dumps(body) if isinstance(body, dict) else body
        return Response(content, status=status, headers=headers)

    def handle_error_response(self, request_: Any, error: OAuth2Error) -> Response:
        self.refusal = error
        response: Response = super().handle_error_response(request_, error)
        return response

    def get_authorization_grant(self, request_: Any) -> Any:
        if not WORDS.fullmatch(request_.payload.response_type or ""):
            raise InvalidRequestError("response_type must be code.")
        return super().get_authorization_grant(request_)

    def tokens(self, client: Client, owner: Owner, scope: str, refresh_token: str) -> dict[str, Any]:
        """What a sign-in hands out."""
        access_token = keys.access_token(
            owner.account,
            owner.session.issue(owner.account.counts_from(self.uow.now)),
            self.uow,
            session_id=owner.session.session_id,
            audience=client.audience(scope),
            scope=scope,
        )
        return {
            "token_type": "Bearer",
            "access_token": access_token,
            "expires_in": LIVES_S,
            "refresh_token": refresh_token,
            "scope": scope,
        }


def must_ask_again(
    owner: Owner, prompt: list[str], max_age: int | None, asked: datetime | None, now: datetime
) -> bool:
    """Whether this session isn't fresh enough for what the client asks: ``asked`` is since when it waits."""
    started = owner.session.started_at
    if asked is not None and started >= asked:
        return False
    if "login" in prompt:
        return True
    return max_age is not None and (now - started).total_seconds() > max_age
