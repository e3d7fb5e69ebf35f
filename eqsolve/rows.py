"""The table of types that a user gives of a crowd whose copies differ: a row for each."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from eqsolve.columns import Columns
from eqsolve.errors import InputError
from eqsolve.inputs import ALIASES, WEIGHT, Inputs
from eqsolve.numbers import exact

#: Tables of a file that hold one row a type.
TABLES = ("player", "agent", "type")
_SUFFIX = re.compile(r"(.+)_([1-9][0-9]*)")
_UNIFORM = re.compile(r"uniform:([^,]+),([^,]+)")

#: Nodes of the quadrature rule that stands for a continuous law of types.
NODES = 24


@dataclass(frozen=True)
class Types:
    """The rows of a crowd's table.

    Attributes
    ----------
    common : parameters that all copies share, and whatever else the user gave.
    rows : parameters of each type, its states among them where they were given.
    weights : of each type in the averages; they sum to 1.
    drawn : whether the rows are the nodes of a quadrature rule for a continuous law.
    shares : for each type, the weight of one player in the averages: 1/n, or what the player was
        given, and 0 in a continuum.
    """

    common: Mapping[str, object]
    rows: tuple[Mapping[str, object], ...]
    weights: tuple[Fraction, ...]
    drawn: bool = False
    shares: tuple[Fraction, ...] = ()

    @property
    def counts(self) -> tuple[int, ...]:
        """How many of finitely many players are of each type; 0 stands for a continuum."""
        return tuple(
            int(weight / share) if share else 0 for weight, share in zip(self.weights, self.shares)
        )


def read_types(
    taken: Inputs,
    given: Mapping[str, object],
    size: int | None,
    nodes: int = NODES,
    at: Mapping[str, object] | None = None,
) -> Types:
    """Split a user's numbers into common ones and a table of types.

    Of finitely many players every row is one. With fewer rows than players, weights say which
    share of them a row is; with as many, they are the players' own weights in the averages. States
    (``at``) are given for all types or for each, like parameters.

    Raises
    ------
    InputError
        If rows are missing, of different lengths, or their weights do not sum to 1.
    """
    game, own = taken.game, taken.own
    declared = {letter.name for letter in taken.parameters}
    common: dict[str, object] = {}
    columns: dict[str, dict[int, object]] = {}
    laws: dict[str, tuple[Fraction, Fraction]] = {}
    for key, value in (*given.items(), *(at or {}).items()):
        if at and key in given and key in at and exact(key, given[key]) != exact(key, at[key]):
            raise InputError(f"{key} is given twice.", game=game, stage="input")
        name = ALIASES.get(key, key)
        match = _SUFFIX.fullmatch(name) if name not in declared else None
        if key in TABLES:
            _table(value, columns, game)
        elif name in own:
            law = _law(value)
            if law is not None:
                laws[name] = law
            elif isinstance(value, (list, tuple)):
                columns.setdefault(name, {}).update(enumerate(value, start=1))
            else:
                common[name] = value
        elif match is not None and ALIASES.get(match[1], match[1]) in own:
            columns.setdefault(ALIASES.get(match[1], match[1]), {})[int(match[2])] = value
        else:
            common[name] = value
    if laws:
        if columns or size is not None:
            raise InputError(
                "a continuous law of types needs a continuum of players, and no table.",
                game=game,
                stage="input",
            )
        return _drawn(common, laws, nodes)
    _sizes(taken, common, columns, size)
    count = max((len(c) for c in columns.values()), default=1)
    for name, column in columns.items():
        if sorted(column) != list(range(1, count + 1)):
            raise InputError(
                f"the table gives {name} for {len(column)} of {count} types.",
                game=game,
                stage="input",
                remedy="Give every type a value, or one value for all.",
            )
    groups = WEIGHT in columns
    if size is not None and count == 1 and not groups:
        count = size
    if size is not None and count != size and not groups:
        raise InputError(
            f"there are {count} types for {size} players.",
            game=game,
            stage="input",
            remedy="Give a row for every player, or every row its weight.",
        )
    column = columns.pop(WEIGHT, dict.fromkeys(range(1, count + 1), Fraction(1, count)))
    weights = tuple(exact(WEIGHT, column[i], game=game) for i in range(1, count + 1))
    if abs(sum(weights, Fraction(0)) - 1) > Fraction(1, 10**9) or min(weights) < 0:
        raise InputError(
            f"the weights of the types sum to {float(sum(weights, Fraction(0))):g}, not 1.",
            game=game,
            stage="input",
            remedy="Divide each by their sum.",
        )
    shares = (Fraction(0),) * count
    if size == count and taken.share:
        shares = weights
    elif size is not None:
        shares = (Fraction(1, size),) * count
        weights = _whole(weights, size, game)
    rows = tuple(
        {n: c.get(i, next(iter(c.values()))) for n, c in columns.items()}
        | ({taken.share: share} if taken.share else {})
        for i, share in enumerate(shares, start=1)
    )
    return Types(common, rows, weights, shares=shares)


def _sizes(
    taken: Inputs,
    common: dict[str, object],
    columns: dict[str, dict[int, object]],
    size: int | None,
) -> None:
    """Put weights by Zipf's law in the table where its exponent is given in their place."""
    if not taken.tail or taken.tail not in common:
        return
    game, exponent = taken.game, exact(taken.tail, common.pop(taken.tail), game=taken.game)
    if WEIGHT in columns or size is None or exponent <= 0:
        raise InputError(
            f"{taken.tail} gives the weights of a number of players, and is positive.",
            game=game,
            stage="input",
            remedy=f"Give a size and {taken.tail}, or weights.",
        )
    columns[WEIGHT] = dict(enumerate(map(Fraction, zipf(size, float(exponent))), start=1))


def zipf(count: int, exponent: float) -> list[float]:
    """Weights in proportion to ``k**(-1/exponent)``, the largest first; they sum to 1."""
    sizes = [k ** (-1 / exponent) for k in range(1, count + 1)]
    total = math.fsum(sizes)
    return [size / total for size in sizes]


def _whole(weights: tuple[Fraction, ...], size: int, game: str) -> tuple[Fraction, ...]:
    """The weights as shares of so many players."""
    counts = [round(weight * size) for weight in weights]
    if (
        sum(counts) != size
        or min(counts) < 1
        or any(
            abs(weight * size - count) > Fraction(1, 10**6)
            for weight, count in zip(weights, counts)
        )
    ):
        raise InputError(
            f"the weights do not divide {size} players into whole numbers of each type.",
            game=game,
            stage="input",
        )
    return tuple(Fraction(count, size) for count in counts)


def of_types(taken: Inputs, given: Mapping[str, object]) -> bool:
    """Whether numbers speak of types: by tables, lists, laws, or names such as ``mu_2``."""
    own, known = taken.own, taken.names
    for key, value in given.items():
        name = ALIASES.get(key, key)
        match = _SUFFIX.fullmatch(name) if name not in known else None
        if key in TABLES or (match is not None and match[1] in own):
            return True
        if name in own and (name == WEIGHT or isinstance(value, (list, tuple)) or _law(value)):
            return True
    return False


def count_types(taken: Inputs, given: Mapping[str, object]) -> int:
    """The number of types that numbers speak of, by tables, lists and names, at least 1."""
    own, known = taken.own, taken.names
    count = 1
    for key, value in given.items():
        name = ALIASES.get(key, key)
        match = _SUFFIX.fullmatch(name) if name not in known else None
        if match is not None and match[1] in own:
            count = max(count, int(match[2]))
        elif (key in TABLES or name in own) and isinstance(value, (list, tuple)):
            count = max(count, len(value))
    return count


def suffixed(taken: Inputs, given: Mapping[str, object]) -> dict[str, object]:
    """A user's numbers with a name for each type: tables and laws become ``mu_1``, ``mu_2``, ...

    What is one number for all types keeps its name.

    Raises
    ------
    InputError
        As for ``read_types``.
    """
    own = taken.own
    if own == (WEIGHT,):
        return dict(given)
    found: dict[str, object] = {}
    tables: dict[str, object] = {}
    for key, value in given.items():
        name = ALIASES.get(key, key)
        if key in TABLES or (name in own and _law(value) is not None):
            tables[key] = value
        elif name in own and isinstance(value, (list, tuple)):
            found |= {f"{name}_{k}": part for k, part in enumerate(value, start=1)}
        else:
            found[key] = value
    if tables:
        types = read_types(taken, tables, None)
        for k, (row, weight) in enumerate(zip(types.rows, types.weights), start=1):
            found |= {f"{name}_{k}": value for name, value in row.items()} | {
                f"{WEIGHT}_{k}": weight
            }
    return found


def _table(value: object, columns: dict[str, dict[int, object]], game: str) -> None:
    if isinstance(value, Columns) and value.units:
        raise InputError(
            "units in the header of a table are checked for games of the family only.",
            game=game,
            stage="input",
            remedy="Leave them out.",
        )
    if not isinstance(value, Sequence) or not all(isinstance(row, Mapping) for row in value):
        raise InputError("a table of types is a list of rows.", game=game, stage="input")
    for index, row in enumerate(value, start=1):
        for name, entry in row.items():
            columns.setdefault(ALIASES.get(name, name), {})[index] = entry


def _law(value: object) -> tuple[Fraction, Fraction] | None:
    """The ends of a uniform law, where a value is one."""
    if isinstance(value, str):
        match = _UNIFORM.fullmatch(value.replace(" ", ""))
        return (exact("low", match[1]), exact("high", match[2])) if match else None
    if isinstance(value, Mapping):
        if value.get("law") != "uniform" or set(value) != {"law", "low", "high"}:
            raise InputError(
                'a law of types is {law = "uniform", low = 1, high = 2}.', stage="input"
            )
        return exact("low", value["low"]), exact("high", value["high"])
    return None


def _drawn(
    common: Mapping[str, object], laws: Mapping[str, tuple[Fraction, Fraction]], nodes: int
) -> Types:
    """A Gauss-Legendre rule for independent uniform laws."""
    if len(laws) > 2:
        raise InputError("at most two parameters may have a continuous law.", stage="input")
    import mpmath

    with mpmath.workdps(50):
        rule = [
            (Fraction(mpmath.nstr((1 + x) / 2, 40)), Fraction(mpmath.nstr(w / 2, 40)))
            for x, w in _legendre(nodes)
        ]
    rows, weights = [], []
    for points in product(rule, repeat=len(laws)):
        rows.append(
            {n: low + (high - low) * x for (n, (low, high)), (x, _) in zip(laws.items(), points)}
        )
        weight = Fraction(1)
        for _, w in points:
            weight *= w
        weights.append(weight)
    return Types(common, tuple(rows), tuple(weights), drawn=True, shares=(Fraction(0),) * len(rows))


def _legendre(nodes: int) -> list[tuple[Any, Any]]:
    """Nodes and weights of the Gauss-Legendre rule on (-1, 1), refined from doubles."""
    import mpmath
    from numpy.polynomial.legendre import leggauss

    rule = []
    for start in leggauss(nodes)[0]:
        x = mpmath.findroot(lambda z: mpmath.legendre(nodes, z), mpmath.mpf(float(start)))
        slope = nodes * (x * mpmath.legendre(nodes, x) - mpmath.legendre(nodes - 1, x))
        slope /= x**2 - 1
        rule.append((x, 2 / ((1 - x**2) * slope**2)))
    return rule
