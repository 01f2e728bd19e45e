"""An object store that speaks S3."""

from __future__ import annotations

import io
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from minio import Minio
from minio.error import MinioException, S3Error
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from chassis.storage.vault import MissingFile, StorageAway

TIMEOUT = Timeout(connect=2.0, read=10.0)
GONE = ("NoSuchKey", "NoSuchObject")


class ObjectStore:
    """One bucket, named by ``s3://<key>:<secret>@<host>[:<port>]/<bucket>[?secure=no][&region=…]``."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        place = parts.netloc.rpartition("@")[2]
        self._bucket = parts.path.strip("/")
        self._client = Minio(
            place,
            access_key=unquote(parts.username or ""),
            secret_key=unquote(parts.password or ""),
            secure=options.get("secure", ["yes"])[0] != "no",
            region=options.get("region", ["us-east-1"])[0],
            http_client=PoolManager(timeout=TIMEOUT, maxsize=8, retries=Retry(total=1)),
        )

    def put(self, name: str, sealed: bytes) -> None:
        try:
            self._client.put_object(self._bucket, name, io.BytesIO(sealed), len(sealed))
        except (MinioException, HTTPError, OSError) as error:
            raise StorageAway(str(error)) from error

    def replace(self, name: str, sealed: bytes) -> None:
        self.put(name, sealed)

    def names(self) -> Iterator[str]:
        try:
            for found in self._client.list_objects(self._bucket, recursive=True):
                yield str(found.object_name)
        except (MinioException, HTTPError, OSError) as error:
            raise StorageAway(str(error)) from error

    def get(self, name: str) -> bytes:
        try:
            answer = self._client.get_object(self._bucket, name)
        except S3Error as error:
            if error.code in GONE:
                raise MissingFile(name) from None
            raise StorageAway(str(error)) from error
        except (MinioException, HTTPError, OSError) as error:
            raise StorageAway(str(error)) from error
        try:
            return bytes(answer.read())
        except (HTTPError, OSError) as error:
            raise StorageAway(str(error)) from error
        finally:
            answer.close()
            answer.release_conn()

    def delete(self, name: str) -> None:
        try:
            self._client.remove_object(self._bucket, name)
        except (MinioException, HTTPError, OSError) as error:
            raise StorageAway(str(error)) from error
