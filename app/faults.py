"""What is wrong with a field, as a sentence an integrator can act on and without the validating library's words."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

_TEXT, _WHOLE, _NUMBER = "must be text", "must be a whole number", "must be a number"
_TIME, _DAY = "must be a time with its zone, as in 2026-03-02T09:00:00Z", "must be a day, as in 2026-03-02"
_OBJECT, _TRUTH, _LARGE = "must be an object", "must be true or false", "is too large"
_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is no field of this call",
    "string_type": _TEXT,
    "string_too_short": "needs at least {min_length} character(s)",
    "string_too_long": "takes at most {max_length} characters",
    "string_pattern_mismatch": "is not of the form {pattern}",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "decimal_max_places": "takes at most {decimal_places} decimals",
    "decimal_max_digits": _LARGE,
    "decimal_whole_digits": _LARGE,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "list_type": "must be a list",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "too_long": "takes at most {max_length} entries",
    "too_short": "needs at least {min_length} entries",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "timezone_aware": _TIME,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
}


def in_words(faults: Sequence[Mapping[str, Any]], pointer: str) -> str:
    """The sentence for a fault, or of a field that is none of several kinds; rules of our own bring their words."""
    if len(faults) > 1:
        kinds = [_SENTENCES[each["type"]] for each in faults]
        others = " or ".join(kind.removeprefix("must be ") for kind in kinds[1:])
        return f"'{pointer.removeprefix('/')}' {kinds[0]}, or {others}."
    (fault,) = faults
    field = f"'{pointer.removeprefix('/')}'" if pointer else "The body"
    sentence = _SENTENCES.get(fault["type"])
    if sentence is None:
        said = str(fault["msg"]).removeprefix("Value error, ")
        return f"{pointer or 'The body'}: {said}."
    told = {
        name: f"{limit:%Y-%m-%d}" if isinstance(limit, date) else limit for name, limit in fault.get("ctx", {}).items()
    }
    return f"{field} {sentence.format_map(told)}."
