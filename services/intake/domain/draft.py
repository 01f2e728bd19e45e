"""A form being filled in, on any number of devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class UnknownDraft(LookupError):
    """No such draft, or somebody else's."""


class AlreadyFiled(Exception):
    """The draft has become a case; its answers can't be changed any more."""

    def __init__(self, application_no: str):
        super().__init__(application_no)
        self.application_no = application_no


class ChangedMeanwhile(Exception):
    """It was saved elsewhere since the caller saw it. ``answers`` are those that differ from then."""

    def __init__(self, revision: int, answers: dict[str, Any]):
        super().__init__(f"revision {revision}")
        self.revision = revision
        self.answers = answers


@dataclass(kw_only=True, eq=False)
class Draft:
    """``touched`` says in which revision an answer was changed last, ``origins`` where an answer that was
    filled in for the applicant came from. Once filed the answers are gone."""

    draft_id: str
    account_id: str
    procedure: str
    answers: dict[str, Any]
    origins: dict[str, Any]
    touched: dict[str, int] = field(default_factory=dict)
    revision: int = 1
    begun_at: datetime
    saved_at: datetime
    application_no: str | None = None

    def seen_as(self, revision: int) -> None:
        """Raises `ChangedMeanwhile` unless ``revision`` is the present one."""
        if revision != self.revision:
            later = sorted(name for name, touched in self.touched.items() if touched > revision)
            raise ChangedMeanwhile(self.revision, {name: self.answers.get(name) for name in later})

    def save(self, changes: Mapping[str, Any], seen: int, now: datetime) -> None:
        """Keep these answers beside the others; an answer of None is taken out."""
        self.must_be_open()
        self.seen_as(seen)
        changed = {name: value for name, value in changes.items() if self.answers.get(name) != value}
        self.saved_at = now
        if not changed:
            return
        self.revision += 1
        self.answers = {n: v for n, v in (self.answers | changed).items() if v is not None}
        self.origins = {n: o for n, o in self.origins.items() if n not in changed}
        self.touched = self.touched | dict.fromkeys(changed, self.revision)

    def take_over(self, answers: Mapping[str, Any], origins: Mapping[str, Any], now: datetime) -> None:
        """Take answers given elsewhere, keeping where each came from; those already so stay as they are."""
        new = {name: value for name, value in answers.items() if self.answers.get(name) != value}
        if not new:
            return
        self.save(new, self.revision, now)
        self.origins = self.origins | {name: origins[name] for name in new}

    def filed(self, application_no: str) -> None:
        """The answers are the application's now."""
        self.must_be_open()
        self.application_no = application_no
        self.answers, self.origins = {}, {}

    def must_be_open(self) -> None:
        """Raises `AlreadyFiled`."""
        if self.application_no is not None:
            raise AlreadyFiled(self.application_no)
