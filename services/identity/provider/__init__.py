"""The OpenID provider, on Authlib: which grants there are, and what each looks up and keeps."""

from services.identity.provider.metadata import issuer, metadata_of
from services.identity.provider.server import Owner, Provider

__all__ = ["Owner", "Provider", "issuer", "metadata_of"]
