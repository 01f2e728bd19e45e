"""What a password has to be. Length and not being guessable count; kinds of characters don't."""

from __future__ import annotations

MIN_PASSWORD = 10
EDGES = "0123456789!@#._- "


def is_long_enough(password: str) -> bool:
    return len(password) >= MIN_PASSWORD


def wrong_password(password: str, login: str, name: str = "") -> str | None:
    """Why it can't be this account's password, a code of `services.identity.problems.REASONS`; None when
    it can. Login and name, forwards, backwards or repeated, with digits around, are what is guessed first."""
    if not is_long_enough(password):
        return "short"
    core = password.casefold().strip(EDGES)
    if len(set(password)) < 4:
        return "repeat"
    for reason, own in (("is_login", login), ("is_name", name)):
        plain = own.casefold().strip()
        if core and any(
            guess and core.replace(guess, "").strip(EDGES) == "" for guess in (plain, plain[::-1])
        ):
            return reason
    return None
