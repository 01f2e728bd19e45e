"""What a service signs in with when it calls another in its own name."""

from __future__ import annotations

from chassis.sealing import derive


def service_login(service: str) -> str:
    """The login of a service's own account."""
    return f"service.{service}"


def service_password(master_key: bytes, service: str) -> str:
    """Its password, known to whoever holds the master key: that service and the one that checks it."""
    return derive(master_key, f"service-password:{service}").hex()


def client_secret(master_key: bytes, client_id: str) -> str:
    """What a client of the platform's own (the portal) proves itself with at the OpenID provider."""
    return derive(master_key, f"client-secret:{client_id}").hex()
