"""The certificate of an answer: numbers and programs that others can check without eqsolve.

``docs/check_certificate.py`` checks it; ``docs/certificates.md`` says what is proved by that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import arb, arb_mat, ctx, fmpq

from eqsolve.arithmetic.code import Code, Folding
from eqsolve.arithmetic.jet import solution_coefficients
from eqsolve.arithmetic.krawczyk import SLACK, krawczyk
from eqsolve.arithmetic.trajectory import Piece
from eqsolve.derivation.blocks import triangular
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.program.data import encoded
from eqsolve.program.program import TIME, Growth, Program
from eqsolve.solve.answer import Answer
from eqsolve.solve.growth import Followed
from eqsolve.solve.path import Backward, center, time_to_go
from eqsolve.solve.point import Point
from eqsolve.solve.results import USABLE
from eqsolve.solve.solve import renamed, settled

FORMAT = "eqsolve certificate 1"
#: Taylor coefficients of a step, and the relative size of the remainder that it may have.
ORDER, REMAINDER = 30, 1e-26
#: Sums of two growth rates below this part of the fastest one are taken for zero.
OPEN = 1e-12
#: The shortest step, relative to the horizon.
SHORTEST = fmpq(1, 1 << 20)

#: A box as [m, e, r]: m 2^e, give or take r.
Entry = list[Any]


def certificate(
    program: Program,
    values: Mapping[str, object],
    *,
    at: Mapping[str, object] | None = None,
    size: int | None = None,
    selection: str | None = None,
    game: str = "",
) -> dict[str, Any]:
    """What shows that the answer is right, as values of JSON.

    Parameters
    ----------
    program, values, at, size, selection, game : as for ``answered``.

    Raises
    ------
    NoSolutionError
        If there is no equilibrium.
    InputError
        If a name or value is not acceptable, or the proof is of no kind that the file can hold.
    """
    point, answer, bits = settled(
        renamed(program, game), values, at=at, size=size, selection=selection
    )
    if answer.status not in USABLE:
        raise NoSolutionError(answer.message, game=program.game, stage=answer.status.label)
    with ctx.workprec(bits):
        return _Writer(point, answer).document(bits)


class _Writer:
    """One answer, with what it was decided by."""

    def __init__(self, point: Point, answer: Answer) -> None:
        self.point, self.answer, self.program = point, answer, point.program
        if point.typed or point.single:
            raise self._refused("of players of types of their own, or of one who is alone")

    def _refused(self, what: str) -> InputError:
        return InputError(
            f"there is no certificate {what}.",
            game=self.program.game,
            stage="certificate",
            remedy="Leave out --certificate; the numbers are enclosed all the same.",
        )

    def document(self, bits: int) -> dict[str, Any]:
        program, point = self.program, self.point
        claims = (*program.system.domains, *program.second_order)
        found: dict[str, Any] = {
            "format": FORMAT,
            "game": program.game,
            "notion": program.notion,
            "size": self.answer.size,
            "bits": bits,
            "parameters": {k: str(v) for k, v in point.parameters.items()},
            "at": self._place(),
            "explicit": self._explicit(),
            "fixed": self._fixed(),
            "claims": [[claim.sentence, _code(claim.code)] for claim in claims],
            "growth": [],
            "play": [],
            "moving": None,
        }
        found |= self._stationary() if program.stationary else self._moving()
        return found | {"results": self._results()}

    # -- what the equations are evaluated at ----------------------------------------------------

    def _place(self) -> dict[str, str]:
        """States and the time, and 1 for averages that do not follow from these."""
        point, given = self.point, self.program.given
        found = dict.fromkeys(self.program.states, Fraction(1))
        found |= {**point.initial.means, **point.states}
        found[TIME] = point.numbers.time
        known = {name for name, _ in given.known} if given is not None else set()
        for name in given.averages if given is not None else ():
            if name not in known:
                found[name] = Fraction(1)
        return {name: str(value) for name, value in found.items()}

    def _explicit(self) -> list[list[Any]]:
        """What follows from the unknowns, each from what comes before."""
        table = self.program.explicit
        found = [[n, _code(table.code.only([k]))] for k, n in enumerate(table.names)]
        if self.program.given is not None:
            found += [[name, _code(code)] for name, code in self.program.given.known]
        return found

    def _fixed(self) -> dict[str, Any]:
        """The linear equations of the strategy that is the response to itself."""
        given = self.program.given
        if given is None:
            return {"letters": [], "code": _code(Code((), (), (), ()))}
        return {"letters": list(given.letters), "code": _code(given.fixed)}

    def _results(self) -> list[list[Any]]:
        """Names, programs and doubles of what was answered."""
        program, answer = self.program, self.answer
        tables = [(f"strategy.{f.control}", f.monomials, answer.strategy) for f in program.strategy]
        names = [form.control for form in program.strategy]
        if program.given is None:
            tables += [(f"value.{v.player}", v.monomials, answer.value) for v in program.values]
            names += [value.player for value in program.values]
        found = [
            [f"{title}.{name}", _code(table.code.only([k])), answers[own][name]]
            for (title, table, answers), own in zip(tables, names)
            for k, name in enumerate(table.names)
        ]
        for name, value in answer.coefficients.items():
            found.append([f"coefficients.{name}", _code(Code((name,), (), (), (0,))), value])
        return found

    # -- algebraic equations --------------------------------------------------------------------

    def _algebraic(self, places: Sequence[int]) -> tuple[Code, dict[str, Any]]:
        """Some of the equations, and the order in which they can be solved."""
        system, parameters = self.program.system, self.point.parameters
        chosen = system.equations.only(places)
        names = [system.names[k] for k in places]
        inserted = chosen.at(parameters)
        needs = dict(zip(names, inserted.reached()))
        blocks = triangular({u: [n for n in names if n in own] for u, own in needs.items()})
        builder = Folding(names)
        nodes = {name: k for k, name in enumerate(names)}
        function = builder.code(builder.insert(inserted, nodes))
        return function, {
            "names": names,
            "equations": _code(chosen),
            "blocks": [list(block) for block in blocks],
        }

    def _boxes(self, function: Code, values: Mapping[str, arb]) -> dict[str, Entry]:
        """Boxes in which the equations have exactly one solution."""
        names = function.arguments
        middle = [values[name].mid() for name in names]
        for slack in SLACK:
            width = arb(2) ** (slack - int(ctx.prec))
            boxes = [_entry(m + width * (1 + abs(m)) * arb(0, 1)) for m in middle]
            balls = [ball(entry) for entry in boxes]
            if krawczyk(function, balls, [b.rad() for b in balls]) is not None:
                return dict(zip(names, boxes))
        raise self._refused("at a solution that is not simple")

    def _stationary(self) -> dict[str, Any]:
        choice, program = self.point.choice, self.program
        if self.point.solutions.degenerate:
            raise self._refused("where some solutions are not isolated")
        growth = [g for g in program.growth if g.matrix is not None]
        function, found = self._algebraic(range(len(program.system.names)))
        solutions = []
        for candidate in choice.candidates:
            proofs = [self._growth(g, candidate.values) for g in growth if candidate.rises]
            boxes = self._boxes(function, candidate.values)
            solutions.append({"boxes": boxes, "growth": proofs})
        selected = next(k for k, root in enumerate(self.answer.roots) if root["selected"])
        found |= {"growth": list(map(_growth_data, growth)), "solutions": solutions}
        play = program.given.play if program.given is not None else None
        if play is not None and play.matrix is not None:
            proof = self._growth(play, choice.candidates[selected].values)
            found["play"] = [[_growth_data(play), proof]]
        return found | {"selected": selected}

    def _growth(self, system: Growth, values: Mapping[str, arb]) -> dict[str, Any]:
        """A Lyapunov function of the expectations that matter."""
        growth = Followed(system, values)
        reached, rate = growth.reached(values), growth.discount
        found = lyapunov([[growth.rows[i][j] - (i == j) * rate for j in reached] for i in reached])
        if found is None:
            raise self._refused("where expectations grow nearly as fast as they are discounted")
        return {"functions": reached, **found}

    # -- differential equations -----------------------------------------------------------------

    def _moving(self) -> dict[str, Any]:
        program, path, end = self.program, self.point.path, self.point.end
        assert isinstance(path, Backward) and end is not None and program.terminal is not None
        system = program.system
        first = len(system.unknowns)
        function, found = self._algebraic(range(first, first + len(system.implicit)))
        boxes = self._boxes(function, path.constants) if path.constants else {}
        rates = time_to_go(program, self.point.parameters, list(boxes), end)
        start = program.terminal.at(self.point.parameters).within(path.constants)
        now = [*start, *(ball(entry) for entry in boxes.values())]
        asked = fmpq(*(end - self.point.numbers.time).as_integer_ratio())
        moving = {
            "names": [*system.unknowns, *boxes],
            "start": _code(program.terminal),
            "rates": _code(rates),
            "end": str(end),
            "order": ORDER,
            "steps": list(self._steps(rates, now, path.trajectory.pieces, asked)),
        }
        solutions = [{"boxes": boxes, "growth": []}] if boxes else []
        return found | {"moving": moving, "solutions": solutions, "selected": 0}

    def _steps(
        self, rates: Code, now: list[arb], pieces: Sequence[Piece], asked: fmpq
    ) -> Iterator[dict[str, Any]]:
        """Steps with a box that the solution does not leave, and one for its end."""
        shortest = pieces[-1].end * SHORTEST
        for piece in pieces:
            cuts = [piece.begin, *([asked] if piece.begin < asked < piece.end else ()), piece.end]
            pending = [*zip(cuts, cuts[1:])][::-1]
            while pending:
                begin, end = pending.pop()
                step = _step(rates, now, begin, end, piece)
                if step is None:
                    if end - begin < shortest:
                        raise self._refused("where steps would be too short")
                    middle = (begin + end) / 2
                    pending += [(middle, end), (begin, middle)]
                    continue
                now = [ball(entry) for entry in step["at"]]
                yield step


def _step(
    rates: Code, now: Sequence[arb], begin: fmpq, end: fmpq, piece: Piece
) -> dict[str, Any] | None:
    """One step by Picard's inclusion and Taylor's formula; None if it is too long for these."""
    length, span = arb(end - begin), arb(0).union(arb(end - begin))
    whole = arb(begin).union(arb(end))
    boxes = [a.union(b) for a, b in zip(piece.over(begin, end), now)]
    for _ in range(4):
        over = [_entry(b + (b - b.mid()) / 4) for b in boxes]
        boxes = [ball(entry) for entry in over]
        moved = [v + span * f for v, f in zip(now, rates([whole, *boxes]))]
        if all(b.contains_interior(m) for b, m in zip(boxes, moved)):
            break
        boxes = [b.union(m) for b, m in zip(boxes, moved)]
    else:
        return None
    rows = solution_coefficients(rates, arb(begin), now, ORDER - 1)
    rests = [
        row[ORDER] * length**ORDER for row in solution_coefficients(rates, whole, boxes, ORDER)
    ]
    found = []
    for value, row, rest in zip(now, rows, rests):
        if not rest.rad() < REMAINDER * (1 + abs(value.mid())):
            return None
        found.append(sum((c * length**k for k, c in enumerate(row)), rest))
    return {"end": str(end), "over": over, "at": [_entry(f) for f in found]}


def _entry(value: arb) -> Entry:
    """A box around a ball, a little wider: others compute at another precision."""
    mantissa, exponent = value.mid().man_exp()
    wider = value.rad() * arb(1.0001) + abs(value.mid()) * arb(2) ** (16 - int(ctx.prec))
    return [int(mantissa), int(exponent), float(wider.upper()) * (1 + 2**-50) + 1e-300]


def ball(entry: Entry) -> arb:
    """The ball that is written as an entry."""
    mantissa, exponent, radius = entry
    found: arb = arb(mantissa) * arb(2) ** exponent + arb(0, 1) * arb(radius)
    return found


def lyapunov(rows: Sequence[Sequence[arb]]) -> dict[str, Any] | None:
    """A quadratic form by which a linear system is stable, or is not.

    With P > 0 and A'P + PA < 0 the system w' = A w is stable; with v'Pv < 0 for some v in place of
    P > 0 it is not (A. M. Lyapunov 1892; N. G. Chetaev 1934). A is taken less ``shift`` there.

    Returns
    -------
    dict or None
        ``finite``, ``P``, ``v`` and ``shift``; None if neither was found.
    """
    import numpy as np
    from scipy.linalg import matrix_balance, solve_continuous_lyapunov

    if not rows:
        return {"finite": True, "P": [], "v": [], "shift": 0.0}
    matrix = np.array([[center(v) for v in row] for row in rows])
    largest = float(np.linalg.eigvals(matrix).real.max())
    _, (scale, _) = matrix_balance(matrix, permute=False, separate=True)
    inner = matrix * scale[None, :] / scale[:, None]
    unit = np.eye(len(inner))
    rates = np.linalg.eigvals(inner)
    sums = rates[:, None] + rates[None, :]
    for part in (0.0,) if largest < 0 else (0.0, 0.5, 0.3, 0.7):
        # two of a sum of zero leave the form open
        if np.abs(sums - 2 * part * largest).min() <= OPEN * np.abs(rates).max():
            continue
        form = solve_continuous_lyapunov((inner - part * largest * unit).T, -unit)
        form = (form + form.T) / 2
        vector = np.linalg.eigh(form)[1][:, 0] * scale
        found = {
            "finite": largest < 0,
            "P": (form / scale[:, None] / scale[None, :]).tolist(),
            "v": [] if largest < 0 else vector.tolist(),
            "shift": part * largest,
        }
        if _shows(rows, found):
            return found
    return None


def _shows(rows: Sequence[Sequence[arb]], proof: Mapping[str, Any]) -> bool:
    """Whether the inequalities hold."""
    unit = arb_mat([[int(i == j) for j in range(len(rows))] for i in range(len(rows))])
    matrix, form = arb_mat(rows) - unit * arb(proof["shift"]), arb_mat(proof["P"])
    falls: Any = -(matrix.transpose() * form + form * matrix)
    if not _positive(falls):
        return False
    if proof["finite"]:
        return _positive(form)
    vector = arb_mat([[v] for v in proof["v"]])
    value: Any = vector.transpose() * form * vector
    return bool(value[0, 0] < 0)


def _positive(matrix: arb_mat) -> bool:
    """Whether a symmetric matrix is positive definite, by its pivots."""
    rows: Any = matrix.tolist()
    while rows:
        (pivot, *first), *rest = rows
        if not pivot > 0:
            return False
        rows = [[v - row[0] * f / pivot for v, f in zip(row[1:], first)] for row in rest]
    return True


def _code(code: Code) -> dict[str, Any]:
    ((arguments, constants, steps, outputs),) = encoded(code).values()
    fractions = [c if isinstance(c, str) else "/".join(c) for c in constants]
    return {"arguments": arguments, "constants": fractions, "steps": steps, "outputs": outputs}


def _growth_data(system: Growth) -> dict[str, Any]:
    assert system.matrix is not None
    return {
        "functions": list(system.functions),
        "matrix": _code(system.matrix),
        "rate": _code(system.rate),
        "start": list(map(_code, system.start)),
    }
