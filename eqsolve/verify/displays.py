"""The numbered equations, checked line by line as they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial

import sympy as sp

from eqsolve.ledger import ALGEBRAIC, Checker, Display, Line
from eqsolve.notated.published import Published
from eqsolve.verify.check import Check
from eqsolve.verify.substitution import exact_check


@cache
def _exact(model: Published) -> tuple[Checker, tuple[Display, ...]]:
    return Checker(model.derivation), tuple(d for d in model.shown if d.proof in ALGEBRAIC)


def display_checks(model: Published) -> list[Check]:
    """Check every display that is said to be exact.

    At least one line of each must state something, and every line must hold by the derivation.
    """
    checker, displays = _exact(model)
    return _checks(checker, model.name, *displays)


def _checks(checker: Checker, game: str, *displays: Display) -> list[Check]:
    return [_check(checker, game, display) for display in displays]


def _check(checker: Checker, game: str, display: Display) -> Check:
    def holds() -> bool:
        stated = any(checker.states(line, display) for line in display.lines + display.evidence)
        return stated and all(checker.holds(line, display) for line in display.every)

    label = f"({display.number}) {display.title}" if display.is_numbered else display.title
    return exact_check(label, game, holds, "Every line, in exact arithmetic.")


def wrong_displays(model: Published) -> Iterator[tuple[str, Callable[[], list[Check]]]]:
    """Yield what was planted into a display, and the check of that display.

    In turn a sign, a factor 2 and a term that does not belong there; one error a display.
    """
    checker, displays = _exact(model)
    strange = model.parts.noises[-1]
    for k, display in enumerate(displays):
        for line in display.lines:
            if not checker.states(line, display):
                continue
            what, wrong = _planted(line, k, strange)
            lines = tuple(wrong if other is line else other for other in display.lines)
            wrong_display = replace(display, lines=lines)
            yield (
                f"({display.number}): {what}",
                partial(_checks, checker, model.name, wrong_display),
            )
            break


def _planted(line: Line, k: int, strange: sp.Expr) -> tuple[str, Line]:
    right = line.right
    if right == 0 or k % 3 == 2:
        return "a term added", replace(line, right=right + strange)
    if k % 3 == 1:
        return "a factor 2", replace(line, right=2 * right)
    return "a sign", replace(line, right=sp.Mul(-1, right))
