"""The kinds of the options that public functions take, checked before work."""

from __future__ import annotations

import os
import reprlib
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from inspect import signature
from numbers import Integral, Real
from typing import Any, TypeVar, cast

from eqsolve.errors import InputError

F = TypeVar("F", bound=Callable[..., Any])

_WHOLE = (Integral, "a whole number")
_REAL = (Real, "a number")
_MAPPING = (Mapping, 'a mapping such as {"x": 1}')
_SEVERAL = (Iterable, "a list")
#: By the names of options: what they are in Python, and in words. None is not given.
KINDS: dict[str, tuple[Any, str]] = {
    **dict.fromkeys(("paths", "seed", "threads", "types", "jobs", "steps"), _WHOLE),
    **dict.fromkeys(("step", "confidence"), _REAL),
    **dict.fromkeys(("at", "feedback", "vary"), _MAPPING),
    **dict.fromkeys(("outputs", "parameters_", "columns", "zipped"), _SEVERAL),
    "sample": (str, "a text"),
    "out": ((str, os.PathLike), "a path"),
}


def checked(verb: F) -> F:
    """A public function that refuses options of another kind than they have.

    The function raises InputError with the option and its value.
    """
    form = signature(verb)

    @wraps(verb)
    def work(*given: Any, **named: Any) -> Any:
        try:
            found = form.bind(*given, **named).arguments
        except TypeError:  # Python says it better
            return verb(*given, **named)
        for name, value in {**found, **named}.items():
            kind, words = KINDS.get(name, (object, ""))
            boolean = isinstance(value, bool) and kind is not object
            if value is not None and (boolean or not isinstance(value, kind)):
                raise InputError(
                    f"{name.rstrip('_')} must be {words}, not {reprlib.repr(value)}.",
                    stage=verb.__name__,
                )
        return verb(*given, **named)

    return cast(F, work)
