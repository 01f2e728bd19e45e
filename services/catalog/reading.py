"""Reading a catalogue's folder: YAML read strictly, every wrong field named at once."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import marshmallow as ma
import yaml

from chassis.field_errors import flatten
from services.catalog.domain import Problem


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML without dates of its own and without keys given twice."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                break
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


class Reading:
    """One folder being read; problems are collected, not raised."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.problems: list[Problem] = []

    def raw(self, name: str) -> Any:
        """A file's content; None when it is missing or no YAML."""
        try:
            content = yaml.load((self.folder / name).read_text(encoding="utf-8"), _Loader)
            if content is None:
                self.problem(name, "", "is empty")
            return content
        except FileNotFoundError:
            self.problem(name, "", "is missing")
        except UnicodeDecodeError:
            self.problem(name, "", "is not UTF-8")
        except yaml.MarkedYAMLError as error:
            line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
            self.problem(name, "", f"{line}{error.problem}")
        except yaml.YAMLError as error:
            self.problem(name, "", str(error))
        return None

    def json(self, name: str) -> Any:
        """A JSON file's content; None when it is no JSON."""
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except ValueError as error:  # a UnicodeDecodeError is one, too
            self.problem(name, "", str(error))
            return None

    def names(self, kind: str, suffix: str) -> Iterator[str]:
        """The files of a folder by name; one that is no ``suffix`` file is a problem."""
        folder = self.folder / kind
        for path in sorted(p for p in folder.iterdir() if p.name[0] != ".") if folder.is_dir() else ():
            if path.suffix == suffix:
                yield f"{kind}/{path.name}"
            else:
                self.problem(f"{kind}/{path.name}", "", f"is no {suffix} file")

    def files(self, kind: str, schema: ma.Schema, defaults: Mapping[str, Any]) -> Iterator[Any]:
        """One thing a file, named by its code."""
        for name in self.names(kind, ".yaml"):
            content = self.raw(name)
            if isinstance(content, dict):
                content = {**defaults, **content, "file": name}
            loaded = self.load(schema, name, content)
            if loaded is not None:
                if loaded.code != Path(name).stem:
                    self.problem(name, "code", f"the file of {loaded.code} is named {loaded.code}.yaml")
                yield loaded

    def load(self, schema: ma.Schema, name: str, content: Any, where: str = "") -> Any:
        """Content in its right shape; None when it has another."""
        if content is None:
            return None
        try:
            return schema.load(content)
        except ma.ValidationError as error:
            for found in flatten(error.messages):
                self.problem(name, ".".join(filter(None, (where, found["field"]))), found["en"])
            return None

    def load_list(self, schema: ma.Schema, name: str, content: Any, where: str = "") -> Iterator[Any]:
        if content is None:
            return
        if not isinstance(content, list):
            self.problem(name, where, "must be a list")
            return
        for number, entry in enumerate(content):
            known = entry.get("key") or entry.get("code") if isinstance(entry, Mapping) else None
            loaded = self.load(schema, name, entry, ".".join(filter(None, (where, str(known or number)))))
            if loaded is not None:
                yield loaded

    def by(self, attribute: str, things: Iterable[Any], name: str) -> dict[str, Any]:
        """Things by their key; one given twice is a problem."""
        found: dict[str, Any] = {}
        for thing in things:
            key = getattr(thing, attribute)
            if key in found:
                self.problem(name or thing.file, attribute, f"{key} is given twice")
            found[key] = thing
        return found

    def problem(self, file: str, field: str, reason: str) -> None:
        self.problems.append(Problem(file=file, field=field, reason=reason))
