"""The numbers of an answer, and its certificate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import arb

from eqsolve.arithmetic.number import precision
from eqsolve.notated.published import Published
from eqsolve.program.words import Words
from eqsolve.solve.closed_form.statement import outward, state_point
from eqsolve.solve.closed_form.straightline import output_symbols, straight_line
from eqsolve.solve.solve import growth_in_play
from eqsolve.symbols import symbol


def point_certificate(
    model: Published,
    words: Words,
    given: Mapping[str, Fraction],
    state: Mapping[str, Fraction],
    selection: str,
) -> dict[str, Any]:
    """What is proved about a point by arithmetic that shares nothing with the solution's.

    Keys: ``verdict`` and its ``statement``, the proved ``status``, ``bits`` of precision that
    sufficed, numbers of distinct ``real_roots`` and ``admissible_roots``, the ``selected`` one,
    ``finite`` (second moments, decided) and ``enclosures``.
    """
    program, names = straight_line(model), output_symbols(model)
    own, others = state.values()
    names |= {name: symbol(name) for name in words.roots[1:]}
    found = state_point(
        program,
        [given[name] for name in words.parameters],
        (own, others),
        selection=selection,
        outputs=tuple(names.values()),
        precisions=(256, 1024, 4096, 16384, 32768),
    )
    enclosures = {name: found.values[s] for name, s in names.items() if s in found.values}
    if found.values:
        with precision(found.bits):
            growth = growth_in_play(words.program, given, state, selection)
        if growth is not None:
            enclosures["abscissa"] = growth
    return {
        "verdict": found.verdict.label,
        "statement": found.verdict.meaning,
        "status": found.status.label,
        "bits": found.bits,
        "real_roots": None if found.roots is None else len(found.roots),
        "admissible_roots": None if found.roots is None else len(found.admissible),
        "selected": found.selected,
        "finite": found.finite,
        "enclosures": {name: _enclosure(value) for name, value in enclosures.items()},
    }


def loop_certificate(
    complete: bool, feedback: Sequence[arb], abscissa: arb, bits: int
) -> dict[str, Any]:
    """The certificate of a closed-loop Nash feedback whose second moments are finite.

    ``complete`` tells whether all such feedbacks are known.
    """
    named = dict(zip(("k_x", "k_y", "k_1", "abscissa"), (*feedback, abscissa)))
    others = (
        "All affine Nash feedbacks with finite second moments are listed."
        if complete
        else "Others may exist elsewhere."
    )
    return {
        "verdict": "certified",
        "statement": "Proved: a Nash feedback lies in the enclosures, and it is the only one "
        f"there; its second moments are finite. {others}",
        "status": "ok",
        "bits": bits,
        "finite": True,
        "complete": complete,
        "enclosures": {name: _enclosure(value) for name, value in named.items()},
    }


def _enclosure(value: arb) -> dict[str, Any]:
    """A ball as doubles rounded outward, and with more digits as midpoint and radius."""
    low, high = outward(value)
    mid = value.mid().str(25, radius=False)
    return {"lower": low, "upper": high, "mid": mid, "rad": float(value.rad())}
