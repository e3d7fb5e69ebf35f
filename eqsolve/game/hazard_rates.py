"""Hazard rates that depend on time, read from a short text, a table or a formula."""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from eqsolve.errors import InputError
from eqsolve.expression import read, scalar
from eqsolve.files import read_text
from eqsolve.numbers import exact

#: Most rows of a table.
ROWS = 10_000
#: Doublings of time over which a formula is followed to see its limit, and how closely its last
#: values have to agree with one.
DOUBLINGS, SETTLED = 60, 1e-9


@dataclass(frozen=True)
class Hazard:
    """A hazard rate ``lambda(t)``.

    Attributes
    ----------
    name : the text it was read from.
    rate, integral : the rate, and ``Lambda(t)``, its integral from 0.
    limit : what the rate tends to for large times; None if that could not be seen.
    constant : the exact rate of a hazard that does not depend on time.
    breaks : times at which the rate jumps.
    tail : the exact rate after the last of these times, where it is constant from then on.
    smooth : whether the rate has one scale of time; long steps could miss a peak of another one.
    formula : the rate written in ``t``, where it is not made of pieces.
    pieces : the exact times from which the rates of pieces hold, and these.
    rising : whether the rate is known to rise at all times.
    power : k and s of ``(k/s) (t/s)^(k-1)``, where k is no whole number.
    """

    name: str
    rate: Callable[[float], float]
    integral: Callable[[float], float]
    limit: float | None
    constant: Fraction | None = None
    breaks: tuple[float, ...] = ()
    tail: Fraction | None = None
    smooth: bool = True
    formula: str = ""
    pieces: tuple[tuple[Fraction, Fraction], ...] = ()
    rising: bool = False
    power: tuple[Fraction, Fraction] | None = None

    def reached(self, decay: float) -> float | None:
        """The time at which the integrated hazard is ``decay``, whatever the unit of time."""
        upper = 1e-30
        while self.integral(upper) < decay:
            upper *= 2
            if upper > 1e60:
                return None
        lower = upper / 2
        for _ in range(60):
            middle = (lower + upper) / 2
            if self.integral(middle) < decay:
                lower = middle
            else:
                upper = middle
        return upper


#: How many numbers each family has.
_FAMILIES = {"constant": 1, "gompertz": 2, "weibull": 2, "makeham": 3}


def parse_hazard(spec: str) -> Hazard:
    """Read a hazard rate.

    - ``constant:RATE``.
    - ``gompertz:RATE,GROWTH``: ``lambda(t) = RATE exp(GROWTH t)``.
    - ``makeham:BASE,RATE,GROWTH``: the same plus ``BASE``, which may be 0.
    - ``weibull:SHAPE,SCALE``: ``lambda(t) = (SHAPE/SCALE) (t/SCALE)^(SHAPE - 1)``.
    - ``piecewise:0=RATE,TIME=RATE,...``: each rate holds from its time on.
    - ``table:FILE.csv``: the same in two columns, age and rate; time 0 is the first age.
    - ``expr:FORMULA`` in ``t``, with the operations and functions of problem files.
    - ``none``: the horizon is fixed.

    Raises
    ------
    InputError
        If the family is unknown or a number is missing, not finite or of the wrong sign.
    """
    family, _, rest = spec.partition(":")
    if spec == "none":
        return Hazard(spec, lambda t: 0.0, lambda t: 0.0, 0.0)
    if family == "piecewise":
        pairs = [part.partition("=") for part in rest.split(",")]
        times = [exact("hazard piecewise", time) for time, _, _ in pairs]
        rates = [exact("hazard piecewise", rate) for _, _, rate in pairs]
        return _pieces(spec, times, rates, "Write for example piecewise:0=.02,10=.05.")
    if family == "table":
        return _table(spec, rest)
    if family == "expr":
        return _formula(spec, rest)
    count = _FAMILIES.get(family)
    texts = rest.split(",") if rest else []
    if count is None or len(texts) != count:
        raise InputError(
            f"{spec!r} is not a hazard rate.",
            stage="input",
            remedy="Write constant:RATE, gompertz:RATE,GROWTH, makeham:BASE,RATE,GROWTH, "
            "weibull:SHAPE,SCALE, piecewise:0=RATE,TIME=RATE, table:FILE.csv, expr:FORMULA or "
            "none.",
        )
    given = [exact(f"hazard {family}", text) for text in texts]
    free = given[0] == 0 and family == "makeham"
    if min(given[1:] if free else given) <= 0:
        raise InputError(f"the numbers of the hazard rate {spec} must be > 0.", stage="input")
    first, second = float(given[0]), float(given[-1])
    if family == "constant":
        return Hazard(spec, lambda t: first, lambda t: first * t, first, given[0])
    if family in ("gompertz", "makeham"):
        base = first if family == "makeham" else 0.0
        level = float(given[-2])
        lowest = given[0] if family == "makeham" else 0
        return Hazard(
            spec,
            lambda t: base + level * math.exp(min(second * t, 700.0)),
            lambda t: base * t + level / second * math.expm1(min(second * t, 700.0)),
            math.inf,
            formula=f"{lowest} + ({given[-2]})*exp(({given[-1]})*t)",
            rising=True,
        )
    if given[0] == 1:
        return Hazard(spec, lambda t: 1 / second, lambda t: t / second, 1 / second, 1 / given[1])

    def power(t: float, exponent: float) -> float:
        return math.exp(min(exponent * math.log(max(t / second, 1e-15)), 700.0))

    return Hazard(
        spec,
        lambda t: first / second * power(t, first - 1),
        lambda t: power(t, first),
        math.inf if first > 1 else 0.0,
        formula=f"({given[0]})/({given[1]})*(t/({given[1]}))**({given[0]} - 1)",
        rising=first > 1,
        power=None if given[0].denominator == 1 else (given[0], given[1]),
    )


def _pieces(spec: str, times: Sequence[Fraction], rates: Sequence[Fraction], remedy: str) -> Hazard:
    """Rates that hold from given times on."""
    if times[0] != 0 or any(a >= b for a, b in zip(times, times[1:])) or min(rates) < 0:
        raise InputError(
            f"{spec!r} is not a hazard rate: times increase from 0 and rates are not negative.",
            stage="input",
            remedy=remedy,
        )
    if len(set(rates)) == 1 and rates[0] > 0:
        return replace(parse_hazard(f"constant:{rates[0]}"), name=spec)
    starts, levels = [float(t) for t in times], [float(v) for v in rates]
    before = [0.0]
    for start, end, level in zip(starts, starts[1:], levels):
        before.append(before[-1] + level * (end - start))

    def rate(t: float) -> float:
        return levels[bisect_right(starts, t) - 1]

    def integral(t: float) -> float:
        k = bisect_right(starts, t) - 1
        return before[k] + levels[k] * (t - starts[k])

    return Hazard(
        spec,
        rate,
        integral,
        levels[-1],
        breaks=tuple(starts[1:]),
        tail=rates[-1],
        pieces=tuple(zip(times, rates)),
    )


def _table(spec: str, path: str) -> Hazard:
    """A table with two columns, an age and the rate that holds from it on."""
    remedy = "Give a CSV file with two columns, age and rate; ages increase."
    rows = [row for row in csv.reader(read_text(path, stage="input").splitlines()) if row]
    if rows and not _is_number(rows[0][0]):
        del rows[0]
    if not 0 < len(rows) <= ROWS or any(len(row) != 2 for row in rows):
        raise InputError(
            f"{path!r} is no table of two columns with at most {ROWS} rows.",
            stage="input",
            remedy=remedy,
        )
    ages = [exact("age", row[0].strip()) for row in rows]
    rates = [exact("hazard rate", row[1].strip()) for row in rows]
    return _pieces(spec, [age - ages[0] for age in ages], rates, remedy)


def _is_number(text: str) -> bool:
    try:
        exact("age", text.strip())
    except InputError:
        return False
    return True


def _formula(spec: str, text: str) -> Hazard:
    """A formula in ``t``, integrated over stretches of doubling length."""
    expression = read("hazard", text, ["t"], "input")
    compiled = scalar(expression, ["t"])

    def rate(t: float) -> float:
        try:
            value = float(compiled(t))
        except OverflowError:
            return math.inf
        except (ValueError, ZeroDivisionError, TypeError):
            value = math.nan
        if not value >= 0:
            raise InputError(
                f"the hazard rate {text} is {value:.6g} at t = {t:.6g}.",
                stage="input",
                remedy="Give a formula that is not negative for t >= 0.",
            )
        return value

    @lru_cache(maxsize=None)
    def stretch(k: int) -> float:
        return _integrated(rate, 2.0**k if k > -FIRST else 0.0, 2.0 ** (k + 1))

    def integral(t: float) -> float:
        total, k = 0.0, -FIRST
        while k < FIRST and 2.0 ** (k + 1) <= t:
            total += stretch(k)
            k += 1
        return total + _integrated(rate, 2.0**k if k > -FIRST else 0.0, t)

    if not expression.free_symbols:
        return replace(parse_hazard(f"constant:{exact('hazard rate', str(rate(0.0)))}"), name=spec)
    return Hazard(spec, rate, integral, _limit(rate), smooth=False, formula=text)


#: The first stretch of a formula ends at 2 to the minus this, the last one begins at 2 to this.
FIRST = 40


def _integrated(rate: Callable[[float], float], begin: float, end: float) -> float:
    if end <= begin:
        return 0.0
    if math.isinf(rate(end)):
        return math.inf
    from scipy.integrate import quad  # half a second, and seldom needed

    return float(quad(rate, begin, end, epsabs=0.0, epsrel=1e-10, limit=400)[0])


def _limit(rate: Callable[[float], float]) -> float | None:
    """What a rate seems to tend to, from its values at times that double."""
    values = [rate(2.0**k) for k in range(DOUBLINGS)]
    last = values[-10:]
    if math.isinf(last[-1]) or (last == sorted(last) and last[0] < last[-1] / 2):
        return math.inf
    if max(last) - min(last) <= SETTLED * max(last):
        return last[-1]
    return None
