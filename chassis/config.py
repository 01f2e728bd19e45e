"""Configuration: a few environment variables, read once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chassis.sealing import read_master_key


class WrongSetting(ValueError):
    """A setting that can't be used; the text names the variable and what to do, in one line."""


@dataclass(frozen=True, slots=True)
class Config:
    """What one service's process needs to know.

    ``database_url`` is an SQLAlchemy URL (SQLite or PostgreSQL by psycopg), ``broker_url`` a kombu URL,
    ``urls`` the base address of each service by name, ``master_key`` 32 bytes, ``storage_url`` where files
    lie: ``file:<folder>`` or ``s3://<key>:<secret>@<host>/<bucket>``, ``public_url`` the one address people
    open the platform at (no slash at its end), ``keys_folder`` where keys lie that documents are sealed with,
    ``test_keys`` whether missing ones may be made on the spot, good for samples only.
    """

    service: str
    database_url: str
    broker_url: str
    master_key: bytes = field(repr=False)
    urls: Mapping[str, str] = field(default_factory=dict)
    ops_port: int | None = None
    sqlite_synchronous: str = "FULL"
    pool_size: int = 8
    storage_url: str = field(default="file:var/files", repr=False)
    public_url: str = "http://127.0.0.1:8000"
    keys_folder: Path = Path("var/keys")
    test_keys: bool = False

    @classmethod
    def from_env(cls, service: str, environ: Mapping[str, str] = os.environ) -> Config:
        """Read ``ONEWINDOW_*``. ``{service}`` in the addresses of database and storage becomes the
        service's name."""
        ops_port = environ.get("ONEWINDOW_METRICS_PORT")
        return cls(
            service=service,
            database_url=environ.get("ONEWINDOW_DATABASE_URL", "sqlite:///var/{service}.sqlite").replace(
                "{service}", service
            ),
            broker_url=environ.get("ONEWINDOW_BROKER_URL", "memory://"),
            master_key=read_master_key(Path(environ.get("ONEWINDOW_MASTER_KEY_FILE", "var/master.key"))),
            urls=json.loads(environ.get("ONEWINDOW_URLS", "{}")),
            ops_port=int(ops_port) if ops_port else None,
            sqlite_synchronous=environ.get("ONEWINDOW_SQLITE_SYNCHRONOUS", "FULL"),
            pool_size=int(environ.get("ONEWINDOW_POOL_SIZE", "8")),
            storage_url=environ.get("ONEWINDOW_STORAGE_URL", "file:var/files/{service}").replace(
                "{service}", service
            ),
            public_url=environ.get("ONEWINDOW_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/"),
            keys_folder=Path(environ.get("ONEWINDOW_KEYS_FOLDER", "var/keys")),
            test_keys=environ.get("ONEWINDOW_TEST_KEYS", "") == "1",
        )
