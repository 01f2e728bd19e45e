"""Files outside the database: sealed, addressed by what is in them, in a folder or in an object store."""

from chassis.storage.vault import MissingFile, Storage, StorageAway, Vault, open_vault

__all__ = ["MissingFile", "Storage", "StorageAway", "Vault", "open_vault"]
