"""Which exceptions of the spaces are which problems."""

from __future__ import annotations

from chassis.problems import Problem, ProblemMap, invalid_request
from services.identity.handlers.library import UnknownCertificate
from services.identity.space_queries import BadCursor


def _unknown_certificate(_: UnknownCertificate) -> Problem:
    return Problem(
        404, "unknown-certificate", zh="没有这张证照,或不是您的。", en="No such certificate, or not yours."
    )


def _bad_cursor(_: BadCursor) -> Problem:
    return invalid_request([{"field": "cursor", "zh": "页码不对", "en": "Not a cursor of this list."}])


SPACE_PROBLEMS: ProblemMap = {UnknownCertificate: _unknown_certificate, BadCursor: _bad_cursor}
