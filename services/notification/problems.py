"""Which of notification's exceptions is which problem."""

from __future__ import annotations

from chassis.problems import ProblemMap, not_found
from services.notification.domain import UnknownMessage

PROBLEMS: ProblemMap = {UnknownMessage: lambda _: not_found()}
