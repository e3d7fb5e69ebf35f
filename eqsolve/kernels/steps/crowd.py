"""Kernels of crowds whose copies have types of their own.

One compiled function solves a type at given averages; what is here finds the averages first. At
given averages a type's feedback is explicit and affine in those that it depends on: their sums
over the types are a small linear system. The number of types is a matter of the arrays only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from numpy.typing import ArrayLike, NDArray

from eqsolve.arrays import merged
from eqsolve.derivation.derivation import Derivation
from eqsolve.errors import InputError
from eqsolve.inputs import ALIASES, WEIGHT
from eqsolve.kernels.steps.emitter import Emitter
from eqsolve.kernels.steps.expressions import Names, domain, lines
from eqsolve.kernels.steps.kernel import StepsKernel, library, model_kernel
from eqsolve.kernels.storage import digest, write
from eqsolve.solve.crowd import average_terms
from eqsolve.status import Status

_SUFFIX = re.compile(r"(.+)_([1-9][0-9]*)")


@dataclass(frozen=True)
class CrowdKernel(StepsKernel):
    """The compiled evaluation of a crowd at many points.

    Results of type k have the suffix ``_k``; so have parameters of a type. A parameter of types
    without a suffix is one for all. Weights are equal unless they are given.

    Attributes
    ----------
    own : the names of the parameters of a type.
    count : number of types.
    """

    own: tuple[str, ...] = ()
    count: int = 1

    @property
    def open(self) -> tuple[str, ...]:
        """Names that may be given for all types at once."""
        return (*self.own, WEIGHT)

    def evaluate(
        self,
        params: Mapping[str, ArrayLike] | None = None,
        *,
        outputs: Iterable[str] | None = None,
        threads: int | None = None,
        out: Mapping[str, NDArray[Any]] | None = None,
        **values: ArrayLike,
    ) -> dict[str, NDArray[Any]]:
        """Evaluate every type at every point; see ``StepsKernel.evaluate``.

        Raises
        ------
        InputError
            As there, and for a parameter that is given for all types and for one of them.
        """
        given: dict[str, ArrayLike] = {}
        for key, value in merged(params, values).items():
            name = key if key in self.parameters else ALIASES.get(key, key)
            names = [f"{name}_{k + 1}" for k in range(self.count)] if name in self.open else [name]
            for one in names:
                if one in given:
                    raise InputError(f"{one} is given twice.", game=self.game, stage="input")
                given[one] = value
        if not any(name in given for name in self.weights):
            given |= dict.fromkeys(self.weights, 1 / self.count)
        return super().evaluate(given, outputs=outputs, threads=threads, out=out)

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of the weights."""
        return tuple(f"{WEIGHT}_{k + 1}" for k in range(self.count))

    def letter(self, name: str) -> str:
        """The game's own name of a parameter of a type."""
        match = _SUFFIX.fullmatch(name)
        return match[1] if match is not None and match[1] in self.open else name


def kernel_of(derivation: Derivation, types: int | None = None) -> StepsKernel:
    """The kernel of a game; of a crowd with types of their own, for so many types.

    Raises
    ------
    InputError
        If a number of types is given for another game, or is not positive.
    DerivationError
        If it has no kernel; the error says why.
    """
    crowd = derivation.model.game.crowd
    own = crowd is not None and bool(crowd.own)
    if types is not None and not (own and types > 0):
        raise InputError(
            "a number of types is for players with types of their own, and positive.",
            game=derivation.model.name,
            stage="kernel",
        )
    return crowd_kernel(derivation, types or 1) if own else model_kernel(derivation)


def crowd_kernel(derivation: Derivation, count: int) -> CrowdKernel:
    """Generate the kernel of a crowd of some number of types.

    Raises
    ------
    DerivationError
        If a type has no kernel, or its feedback is not explicit and affine in the averages.
    """
    emitter = Emitter(derivation)
    crowd = derivation.model.game.crowd
    assert crowd is not None
    letters = [letter.symbol for letter in derivation.model.vocabulary.parameters]
    common = [s for s in letters if s not in crowd.own]
    source = emitter.source() + _averages(derivation, letters, common)
    name = derivation.model.name
    stem = "model_" + "".join(c if c.isalnum() else "_" for c in name)
    types = range(1, count + 1)
    names = [s.name for s in common]
    names += [f"{WEIGHT}_{k}" for k in types]
    names += [f"{s.name}_{k}" for k in types for s in letters if s in crowd.own]
    return CrowdKernel(
        game=name,
        parameters=tuple(names),
        states=tuple(s.name for s in emitter.states),
        outputs=("status", *(f"{out}_{k}" for k in types for out in emitter.outputs)),
        source=source,
        path=write(source, f"{stem}_{digest(source + library())}"),
        functions=("fill_types",),
        needs={f"{out}_{k}": emitter.needs[out] for k in types for out in emitter.outputs},
        own=tuple(s.name for s in letters if s in crowd.own),
        count=count,
    )


def _averages(derivation: Derivation, letters: list[sp.Symbol], common: list[sp.Symbol]) -> str:
    """The functions that find the averages over all types."""
    crowd = derivation.model.game.crowd
    assert crowd is not None
    terms, coupled = average_terms(derivation)
    names = Names()
    head = [f"{names[s]} = row[{i}]" for i, s in enumerate(letters)]
    inside = list(head)
    for letter in derivation.model.vocabulary.parameters:
        inside += domain(letter, names[letter.symbol])
    base = {a: term.xreplace({b: sp.S.Zero for b in coupled}) for a, term in terms.items()}
    pairs = [(f"out[{i}]", base[a]) for i, a in enumerate(coupled)]
    width = len(coupled)
    pairs += [
        (f"out[{width + width * i + j}]", sp.diff(terms[a], b))
        for i, a in enumerate(coupled)
        for j, b in enumerate(coupled)
    ]
    inside += lines(pairs, names) if pairs else []
    rest = [a for a in terms if a not in coupled]
    after = head + [f"{names[a]} = known[{i}]" for i, a in enumerate(coupled)]
    after += lines([(f"out[{i}]", terms[a]) for i, a in enumerate(rest)], names) if rest else []
    size = crowd.size
    places = {s: i for i, s in enumerate(letters)}
    # where the averages stand among the inputs of one type
    order = [len(letters) + list(terms).index(a) for a in (*coupled, *rest)]
    return _MODULE.format(
        terms="\n".join("    " + line for line in inside),
        rest="\n".join("    " + line for line in after),
        coupled=width,
        others=len(rest),
        letters=len(letters),
        averages=repr(order),
        common=repr([places[s] for s in common]),
        own=repr([places[s] for s in letters if s in crowd.own]),
        count=repr(places[size]) if size in places else "-1",
        degenerate=int(Status.DEGENERATE),
        invalid=int(Status.INVALID_INPUT),
        unresolved=int(Status.UNRESOLVED),
        fixed=repr(float(size)) if size is not None and size.is_number else "0.0",
    )


_MODULE = '''

@njit(error_model="numpy")
def terms_of_type(row, out):
{terms}
    return 0


@njit(error_model="numpy")
def rest_of_type(row, known, out):
{rest}
    return 0


COMMON = np.array({common}, dtype=np.int64)
OWN = np.array({own}, dtype=np.int64)
AVERAGES = np.array({averages}, dtype=np.int64)


@njit(error_model="numpy")
def averages(rows, weights, sums, known, rest, found):
    width = {coupled}
    matrix = np.zeros((width, width))
    size = np.ones((width, width))
    right = np.zeros(width)
    for i in range(width):
        matrix[i, i] = 1.0
    for k in range(weights.size):
        code = terms_of_type(rows[k], sums)
        if code != 0:
            return code
        if not np.all(np.isfinite(sums)):
            return {degenerate}
        for i in range(width):
            right[i] += weights[k] * sums[i]
            for j in range(width):
                part = weights[k] * sums[width + width * i + j]
                matrix[i, j] -= part
                size[i, j] += abs(part)
    # rounding of sums and of what is summed
    if not eliminate(matrix, size * ((weights.size + 64) * 2.3e-16), right, known):
        return {unresolved}
    found[:width] = known
    found[width:] = 0.0
    for k in range(weights.size):
        rest_of_type(rows[k], known, rest)
        for i in range({others}):
            found[width + i] += weights[k] * rest[i]
    return 0


@njit(error_model="numpy")
def divided(weights, point):
    """Whether weights sum to 1, and divide finitely many players into whole numbers."""
    total = 0.0
    for w in weights:
        if not w >= 0.0:
            return False
        total += w
    if not abs(total - 1.0) <= 1e-9:
        return False
    number = {fixed} if {count} < 0 else point[{count}]
    if number == 0.0:
        return True
    for w in weights:
        if abs(w * number - round(w * number)) > 1e-6:
            return False
    return True


@njit(cache=True, error_model="numpy", nogil=True)
def fill_types(points, given, status, out):
    """Arrays of common parameters, weights, types one after the other, time and states.

    One array an input and an output, of one number where it is the same for all points.
    """
    tail = given.size + 1
    count = (len(points) - COMMON.size - tail) // (1 + OWN.size)
    width = {letters} + AVERAGES.size
    rows = np.empty((count, width + tail))
    sums = np.empty({coupled} * ({coupled} + 1))
    known, rest = np.empty({coupled}), np.empty({others})
    found = np.empty(AVERAGES.size)
    single = np.empty(len(out) // count)
    point = np.empty(len(points))
    for p in range(status.size):
        for i in range(len(points)):
            point[i] = points[i][p if points[i].size > 1 else 0]
        weights = point[COMMON.size : COMMON.size + count]
        first = COMMON.size + count
        for k in range(count):
            for i in range(COMMON.size):
                rows[k, COMMON[i]] = point[i]
            for i in range(OWN.size):
                rows[k, OWN[i]] = point[first + k * OWN.size + i]
            for i in range(tail):
                rows[k, width + i] = point[first + count * OWN.size + i]
        code = {invalid}
        if divided(weights, rows[0]):
            code = averages(rows, weights, sums, known, rest, found)
        for k in range(count):
            if code != 0:
                break
            for i in range(AVERAGES.size):
                rows[k, AVERAGES[i]] = found[i]
            single[:] = np.nan
            code = solve_point(rows[k], given, single)
            for i in range(single.size):
                if out[k * single.size + i].size > 0:
                    out[k * single.size + i][p] = single[i]
        status[p] = code
        if code != 0:
            for i in range(len(out)):
                if out[i].size > 0:
                    out[i][p] = np.nan
'''
