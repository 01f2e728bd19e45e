"""What all tables of identity belong to."""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry

metadata = MetaData()
mapping = registry(metadata=metadata)
