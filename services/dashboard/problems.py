"""Which of the dashboard's exceptions is which problem."""

from __future__ import annotations

from chassis.problems import Problem, ProblemMap


class AnotherDepartment(Exception):
    """A head asks for the figures of a department that isn't theirs."""


def _another_department(_: AnotherDepartment) -> Problem:
    return Problem(
        403,
        "not-allowed",
        zh="您只能查看本部门的数据。",
        en="You may read your own department's figures only.",
    )


PROBLEMS: ProblemMap = {AnotherDepartment: _another_department}
