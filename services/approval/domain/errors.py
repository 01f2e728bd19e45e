"""What a case refuses, each by a name of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Why = Literal["not_provided", "extended_already", "asked_already", "too_long", "too_late"]


class IllegalMove(Exception):
    """A move that the present state doesn't allow. ``holder`` has the branch, if anybody."""

    def __init__(self, state: str, move: str, holder: str | None = None):
        super().__init__(f"can't {move} a branch that is {state}")
        self.state = state
        self.move = move
        self.holder = holder


class NotAllowed(Exception):
    """An answer that this kind of branch can't give."""

    def __init__(self, kind: str, answer: str):
        super().__init__(f"a {kind} branch can't answer {answer}")
        self.kind = kind
        self.answer = answer


class Incomplete(Exception):
    """An agreement without the codes it must produce."""

    def __init__(self, missing: tuple[str, ...]):
        super().__init__(f"missing results: {', '.join(missing)}")
        self.missing = missing


class UnknownBranch(LookupError):
    """The case has no such branch, or none the asker may know of."""


class NotAsked(Exception):
    """A correction that answers a request which hasn't been made yet."""

    def __init__(self, branch_no: str):
        super().__init__(f"nothing was asked of {branch_no}")


class AlreadyAsked(Exception):
    """A correction asked for a second time: everything is asked once (一次性告知)."""

    def __init__(self, fields: Sequence[str]):
        super().__init__(f"already asked: {', '.join(fields)}")
        self.fields = tuple(fields)


class CannotExtend(Exception):
    """An extension the item or the law doesn't give; ``most`` are the days it would."""

    def __init__(self, why: Why, most: int = 0):
        super().__init__(f"no extension: {why}")
        self.why = why
        self.most = most


class SameHand(Exception):
    """The one who proposed something may not be the second pair of eyes (四眼原则)."""

    def __init__(self, account: str):
        super().__init__(f"{account} proposed it")
        self.account = account
