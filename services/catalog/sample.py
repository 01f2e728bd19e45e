"""Loading a city's folder: ``load(folder, uow)``."""

from services.catalog.handlers import load

__all__ = ["load"]
