"""Passwords: which are taken, and how they are kept."""

import re
import threading
import unicodedata
from importlib.resources import files

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import Unprocessable

SHORTEST, LONGEST = 12, 1024
_LEAST_OF_ITS_OWN = 6  # characters that are left when names, common words and runs are taken away
# 46 MiB and one pass, the first of OWASP's equivalent choices: about 70 ms, and seen by an attacker as memory.
_HASHER = PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1)
# Each takes its memory; a crowd at the door waits its turn instead of taking all there is.
_TURNS = threading.BoundedSemaphore(4)

_LOOKALIKES = str.maketrans("@4310$5!7", "aaeiossit")
# What common passwords of twelve characters and more are put together from, in the order of lists of leaked ones.
_COMMON = files("app.accounts").joinpath("common_words.txt").read_text("utf-8").split()


# What an unknown person's password is held against, so that the answer takes as long.
DUMMY_HASH = "$argon2id$v=19$m=47104,t=1,p=1$qw7p1CKT6X42rEtOTaMKkw$gFszD/Ob9ueIdoOOOMHraNZ9eZvbibo43AOvOPfcj5o"


def normalised(password: str) -> str:
    """The same characters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """What is kept of a password."""
    with _TURNS:
        return _HASHER.hash(normalised(password))


def matches(password: str, kept: str | None) -> bool:
    """Whether this is the password; it takes as long where there is none."""
    known = kept is not None
    with _TURNS:
        try:
            right = _HASHER.verify(kept or DUMMY_HASH, normalised(password)[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return right and known


def is_outdated(kept: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def check_choice(password: str, *, name: str, email: str) -> None:
    """Refuse a password that is easy to guess, and say what would not be."""
    text = normalised(password)
    if len(text) < SHORTEST:
        _refuse("too_short", f"Take at least {SHORTEST} characters; four or five words are easy to remember.")
    if len(text) > LONGEST:
        _refuse("too_long", f"Take at most {LONGEST} characters.")
    folded = text.casefold()
    own = sorted({word for word in re.split(r"[\W_]+", f"{name} {email} winnow".casefold()) if len(word) > 2})
    without_own = _without(folded, own)
    if len(_essence(folded)) < _LEAST_OF_ITS_OWN:
        _refuse("too_common", "That password is among the first anyone would try. Take a few words of your own.")
    if len(_essence(without_own)) < _LEAST_OF_ITS_OWN:
        _refuse(
            "too_personal", "That is little more than your name, your e-mail or this service's name. Take other words."
        )


def _refuse(code: str, sentence: str) -> None:
    raise Unprocessable.field("/password", code, sentence)


def _without(text: str, words: list[str]) -> str:
    """The text and its reading with look-alikes undone, less these words; the shorter of the two."""
    readings = []
    for reading in (text, text.translate(_LOOKALIKES)):
        left = reading
        for word in sorted(words, key=len, reverse=True):
            left = left.replace(word, " ")
        readings.append(left)
    return min(readings, key=lambda left: len(left.replace(" ", "")))


def _essence(text: str) -> str:
    """What is left of a text without common words, repetitions and runs such as 1234 or abcd."""
    left = re.sub(r"[\W_]+", "", _without(_period(text), _COMMON))
    return "".join(sign for before, sign in zip(f" {left}", left, strict=False) if abs(ord(sign) - ord(before)) > 1)


def _period(text: str) -> str:
    """The part a text repeats: `abcabcabc` is `abc`."""
    return text[: (text + text).find(text, 1)] if text else text
