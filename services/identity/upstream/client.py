"""One provider as we are its client: where to send people, and whom it vouches for when they come back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import requests
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from services.identity.domain.clients import is_address
from services.identity.domain.upstreams import UpstreamAway, UpstreamFlow, UpstreamRefused, Vouched
from services.identity.upstream.calls import fetch, http_session
from services.identity.upstream.id_token import checked
from services.identity.upstream.mapping import claims_wanted, vouched_by
from services.identity.upstream.settings import Upstream

KEPT_S = 3600
"""So long what it says of itself, and its keys, are believed without asking again."""
AWAY_S = 5
"""So long a provider that didn't answer isn't asked again: nobody waits for it in a queue."""
KEYS_AGAIN_S = 5
"""A key that isn't known may be a new one; but nobody makes us ask more often than that."""
KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class UpstreamClient:
    """Remembers what the provider says of itself and its keys. Never use it inside a transaction."""

    def __init__(
        self,
        upstream: Upstream,
        redirect_uri: str,
        http: requests.Session | None = None,
        clock: Callable[[], float] = time.time,
    ):
        self.upstream = upstream
        self.redirect_uri = redirect_uri
        self.clock = clock
        self._http = http or http_session(upstream.ca_file)
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, list[dict[str, Any]]] | None = None
        self._away_at = float("-inf")

    def address(self, *, state: str, nonce: str, verifier: str, language: str, fresh: bool) -> str:
        """Where to send a browser; ``fresh``: even if it is known there. Raises `UpstreamAway`."""
        more = {"prompt": "login", "max_age": "0"} if fresh else {}
        return str(
            prepare_grant_uri(
                self._said()["authorization_endpoint"],
                client_id=self.upstream.client_id,
                response_type="code",
                redirect_uri=self.redirect_uri,
                scope=self.upstream.scope,
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
                ui_locales="zh-CN" if language == "zh" else "en",
                **more,
            )
        )

    def vouched(self, code: str, issuer: str, flow: UpstreamFlow) -> Vouched:
        """Who came back with ``code``; ``issuer`` is what the answer names (RFC 9207), if it does. Raises
        `UpstreamAway`, `UpstreamRefused`."""
        said = self._said()
        promised = bool(said.get("authorization_response_iss_parameter_supported"))
        if (issuer or promised) and issuer != self.upstream.issuer:
            raise UpstreamRefused("issuer")
        tokens = self._tokens(said, code, flow.verifier)
        claims = checked(
            tokens.get("id_token"),
            self.upstream,
            self._key,
            nonce=flow.nonce,
            now=self.clock(),
            fresh_since=flow.begun_at.timestamp() if flow.fresh else None,
        )
        missing = [name for name in claims_wanted(self.upstream) if name not in claims]
        if missing and "userinfo_endpoint" in said:
            more = self._user_info(said, str(tokens.get("access_token", "")), claims["sub"])
            claims |= {name: more[name] for name in missing if name in more}
        return vouched_by(self.upstream, claims)

    def _tokens(self, said: dict[str, Any], code: str, verifier: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        who, secret = self.upstream.client_id, self.upstream.client_secret
        auth = None
        if "client_secret_basic" in said.get(
            "token_endpoint_auth_methods_supported", ["client_secret_basic"]
        ):
            auth = quote(who, safe=""), quote(secret, safe="")
        else:
            form |= {"client_id": who, "client_secret": secret}
        status, tokens = fetch(self._http, "POST", said["token_endpoint"], data=form, auth=auth)
        if status != 200:
            raise UpstreamRefused("code")
        return tokens

    def _user_info(self, said: dict[str, Any], token: str, subject: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        status, found = fetch(self._http, "GET", said["userinfo_endpoint"], headers=headers)
        if status != 200:
            raise UpstreamAway(f"userinfo answered {status}")
        if found.get("sub") != subject:
            raise UpstreamRefused("subject_differs")
        return found

    def _said(self) -> dict[str, Any]:
        """The discovery document."""
        known, now = self._metadata, self.clock()
        if known is not None and now - known[0] < KEPT_S:
            return known[1]
        if 0 <= now - self._away_at < AWAY_S:
            raise UpstreamAway("a moment ago")
        try:
            self._metadata = now, self._discovered()
        except UpstreamAway:
            self._away_at = now
            raise
        return self._metadata[1]

    def _discovered(self) -> dict[str, Any]:
        address = f"{self.upstream.issuer.rstrip('/')}/.well-known/openid-configuration"
        status, found = fetch(self._http, "GET", address)
        if status != 200 or found.get("issuer") != self.upstream.issuer:
            raise UpstreamAway("discovery names another issuer" if status == 200 else f"discovery: {status}")
        named = [*ENDPOINTS, *(["userinfo_endpoint"] if "userinfo_endpoint" in found else [])]
        if wrong := [name for name in named if not is_address(str(found.get(name, "")))]:
            raise UpstreamAway(f"discovery: {', '.join(wrong)}")
        return found

    def _key(self, algorithm: str, kid: str | None) -> Any:
        """The key; asked for anew when it isn't among those that are known."""
        for again in (False, True):
            fitting = [k for k in self._known_keys(again) if _fits(k, algorithm, kid)]
            if len(fitting) == 1 or (fitting and kid is not None):
                try:
                    return JWKRegistry.import_key(fitting[0])
                except (JoseError, ValueError, TypeError, KeyError):
                    raise UpstreamRefused("key") from None
        raise UpstreamRefused("key")

    def _known_keys(self, again: bool) -> list[dict[str, Any]]:
        known, now = self._keys, self.clock()
        if known is not None and now - known[0] < (KEYS_AGAIN_S if again else KEPT_S):
            return known[1]
        status, found = fetch(self._http, "GET", self._said()["jwks_uri"])
        keys = found.get("keys")
        if status != 200 or not isinstance(keys, list):
            raise UpstreamAway("no keys")
        self._keys = now, [k for k in keys if isinstance(k, dict)]
        return self._keys[1]


def _fits(key: dict[str, Any], algorithm: str, kid: str | None) -> bool:
    return (
        key.get("kty") == KINDS[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    )
