"""The portal's pages."""

from services.portal.web.app import create_app

__all__ = ["create_app"]
