"""What a password has to be. Length and not being guessable count; kinds of characters don't."""

from __future__ import annotations

MIN_PASSWORD = 10


def is_long_enough(password: str) -> bool:
    return len(password) >= MIN_PASSWORD


def wrong_password(password: str, login: str) -> str | None:
    """Why it can't be this account's password, a code of `services.identity.problems.REASONS`; None when
    it can. The login, forwards, backwards or repeated, with digits around it, is what is guessed first."""
    if not is_long_enough(password):
        return "short"
    core = password.casefold().strip("0123456789!@#._-")
    if len(set(password)) < 4:
        return "common"
    for guess in (login.casefold(), login.casefold()[::-1]):
        if core and guess and core.replace(guess, "").strip("0123456789!@#._-") == "":
            return "is_login"
    return None
