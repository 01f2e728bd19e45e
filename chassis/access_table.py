"""Who may call what, of all services, for people to read: made of the rules in the OpenAPI documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chassis.access import rules_in

HEAD = """# Who may call what

Made by `onewindow access` from the rules that the endpoints declare, compared in
`tests/contract/test_access.py`: a change of rights is a change of this file.

`own`: what is the caller's own. `department`: what the caller's department has part in.
`subtree`: that of departments below it too. `all`: anybody's.
Who is in no cell gets 403, who is not signed in 401; a thing of somebody else is answered as if it were not
there (404). *scope*: what a machine's token must cover if it names scopes. `•`: open to everybody.
`signed_in`: every account.
"""


def access_table(documents: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown: a table a service, a line an operation, a column a kind or role. Raises `ValueError` naming
    operations without a rule."""
    parts = [HEAD]
    missing = []
    for service in sorted(documents):
        rules = list(rules_in(documents[service]))
        missing += [f"{method} {path}" for method, path, rule in rules if rule is None]
        parts.append("\n".join(_table(service, [(m, p, r) for m, p, r in rules if r is not None])) + "\n")
    if missing:
        raise ValueError(f"no declared rule: {', '.join(missing)}")
    return "\n".join(parts)


def granted(rule: Mapping[str, Any]) -> dict[str, str]:
    """By kind or role, over whose things."""
    return {word: over for over in ("all", "subtree", "department", "own") for word in rule.get(over, ())}


def _table(service: str, rules: list[tuple[str, str, Mapping[str, Any]]]) -> Iterator[str]:
    words = sorted({word for _, _, rule in rules for word in granted(rule)})
    prefix = f"/api/{service}"
    yield f"## {service}\n"
    yield f"`{prefix}…`\n"
    yield "| | open | " + " | ".join([*words, "scope"]) + " |"
    yield "|---" * (len(words) + 3) + "|"
    for method, path, rule in sorted(rules, key=lambda r: (r[1], r[0])):
        cells = granted(rule)
        row = ["•" if rule["open"] else "", *(cells.get(word, "") for word in words), rule.get("scope", "")]
        yield f"| {method} `{path.removeprefix(prefix)}` | " + " | ".join(row) + " |"
