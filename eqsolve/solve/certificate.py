"""The certificate of an answer: numbers and programs that others can check without eqsolve.

``docs/check_certificate.py`` checks it; ``docs/certificates.md`` says what is proved by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq

from eqsolve.arithmetic.code import Code, Folding
from eqsolve.arithmetic.krawczyk import SLACK, krawczyk
from eqsolve.arithmetic.trajectory import Piece
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.program.data import encoded
from eqsolve.program.program import TIME, Growth, Program
from eqsolve.schemas import SCHEMA
from eqsolve.solve.answer import Answer
from eqsolve.solve.boxes import ORDER, Entry, ball, entry, steps
from eqsolve.solve.groups import Group, groups, matched
from eqsolve.solve.growth import Followed, alike
from eqsolve.solve.lyapunov import lyapunov
from eqsolve.solve.path import Backward, time_to_go
from eqsolve.solve.point import Point
from eqsolve.solve.results import USABLE
from eqsolve.solve.solve import renamed, settled

FORMAT = "eqsolve certificate 3"
#: Bits by which a box is wider than the ball of its number.
WIDER = (4, 12, 24)


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
    return certified(
        *settled(renamed(program, game), values, at=at, size=size, selection=selection)
    )


def certified(point: Point, answer: Answer, bits: int) -> dict[str, Any]:
    """The same of an answer with what it was decided by, and the precision in bits."""
    if answer.status not in USABLE:
        raise NoSolutionError(answer.message, game=answer.game, stage=answer.status.label)
    with ctx.workprec(bits):
        return whole(Writer(point, answer).document())


def whole(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document that is no part of another one, at the working precision."""
    return {"schema": SCHEMA, "format": FORMAT, "bits": int(ctx.prec), **document}


def empty(game: str) -> dict[str, Any]:
    """A document that says nothing: every key, and what it has at least."""
    nothing = code_data(Code((), (), (), ()))
    lists = ("explicit", "fixed", "claims", "growth", "play", "results", "types", "averages")
    return {
        "game": game,
        "parameters": {},
        "at": {},
        "names": [],
        "equations": nothing,
        "groups": [],
        "number": None,
        "solutions": [],
        "selected": 0,
        "moving": None,
        "open": [],
        **{name: [] for name in lists},
    }


def refused(program: Program, what: str, remedy: str = "Leave out --certificate.") -> InputError:
    """That there is no certificate of something."""
    return InputError(
        f"there is no certificate {what}.", game=program.game, stage="certificate", remedy=remedy
    )


class Writer:
    """One answer, with what it was decided by.

    Of a type among others that respond to each other it says what holds at any averages.
    """

    def __init__(self, point: Point, answer: Answer) -> None:
        self.point, self.answer, self.program = point, answer, point.program
        self.given = None if point.typed else point.program.given

    def document(self) -> dict[str, Any]:
        """Everything but the format, at the working precision.

        Raises
        ------
        InputError
            If the proof is of no kind that the file can hold.
        """
        found = self.frame()
        found |= self._stationary() if self.program.stationary else self._moving()
        return found | {"results": self.results()}

    def frame(self) -> dict[str, Any]:
        """What does not depend on the solution."""
        program, point = self.program, self.point
        claims = (*program.system.domains, *program.second_order)
        return empty(program.game) | {
            "notion": program.notion,
            "size": point.identity()["size"],
            "parameters": {k: str(v) for k, v in point.parameters.items()},
            "at": self._place(),
            "explicit": self._explicit(),
            "fixed": self._fixed(),
            "claims": [[claim.sentence, code_data(claim.code)] for claim in claims],
        }

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
        table, nothing = self.program.explicit, Code((), (fmpq(0),), (), (0,))
        found = [[n, code_data(table.code.only([k]))] for k, n in enumerate(table.names)]
        for name, code in self.program.given.known if self.program.given is not None else ():
            found.append([name, code_data(nothing if self.point.single else code)])
        return found

    def _fixed(self) -> list[list[Any]]:
        """The linear equations of the strategy that is the response to itself."""
        return (
            [] if self.given is None else [[list(self.given.letters), code_data(self.given.fixed)]]
        )

    def results(self) -> list[list[Any]]:
        """Names, programs and doubles of what was answered."""
        program, answer = self.program, self.answer
        forms = () if self.point.typed else program.strategy
        tables = [(f"strategy.{f.control}", f.monomials, answer.strategy) for f in forms]
        names = [form.control for form in forms]
        if program.given is None:
            tables += [(f"value.{v.player}", v.monomials, answer.value) for v in program.values]
            names += [value.player for value in program.values]
        found = [
            [f"{title}.{name}", code_data(table.code.only([k])), answers[own][name]]
            for (title, table, answers), own in zip(tables, names)
            for k, name in enumerate(table.names if own in answers else ())
        ]
        for name, value in answer.coefficients.items():
            found.append([f"coefficients.{name}", code_data(Code((name,), (), (), (0,))), value])
        return found

    # -- algebraic equations --------------------------------------------------------------------

    def _algebraic(self, places: Sequence[int]) -> tuple[Code, dict[str, Any]]:
        """Some of the equations, as a function of their unknowns and for the file."""
        system, parameters = self.program.system, self.point.parameters
        chosen = system.equations.only(places)
        names = [system.names[k] for k in places]
        inserted = chosen.at(parameters)
        builder = Folding(names)
        nodes = {name: k for k, name in enumerate(names)}
        function = builder.code(builder.insert(inserted, nodes))
        order = matched(function)
        function, chosen = function.only(order), chosen.only(order)
        return function, {"names": names, "equations": code_data(chosen)}

    def _boxes(self, function: Code, values: Mapping[str, arb]) -> dict[str, Entry]:
        """Boxes in which the equations have exactly one solution."""
        names = function.arguments
        balls = [values[name] for name in names]
        widths = [arb(2) ** (slack - int(ctx.prec)) for slack in SLACK]
        tries = [[width * (1 + abs(v.mid())) for v in balls] for width in widths]
        # where sizes are far apart, how well each is known says how wide its box should be
        least = arb(2) ** (8 - int(ctx.prec))
        tries += [[v.rad() * 2**k + least * abs(v.mid()) for v in balls] for k in WIDER]
        for radii in tries:
            boxes = [entry(v.mid() + radius * arb(0, 1)) for v, radius in zip(balls, radii)]
            found = [ball(one) for one in boxes]
            if krawczyk(function, found, [b.rad() for b in found]) is not None:
                return dict(zip(names, boxes))
        raise refused(self.program, "at a solution that is not simple")

    def _stationary(self) -> dict[str, Any]:
        choice, program = self.point.choice, self.program
        if self.point.solutions.degenerate:
            raise refused(self.program, "where some solutions are not isolated")
        growth = [g for g in program.growth if g.matrix is not None]
        function, found = self._algebraic(range(len(program.system.names)))
        solutions: list[dict[str, Any]] = []
        for candidate in choice.candidates:
            boxes = self._boxes(function, candidate.values)
            values = {**candidate.values, **{name: ball(one) for name, one in boxes.items()}}
            proofs = [self._growth(g, values) for g in growth if candidate.rises]
            solutions.append({"boxes": boxes, "growth": proofs})
        selected = next(k for k, root in enumerate(self.answer.roots) if root["selected"])
        found |= {"growth": list(map(growth_data, growth)), "solutions": solutions}
        zero = {n for s in solutions for n, e in s["boxes"].items() if ball(e).contains(0)}
        found["groups"], countable = groups(function, zero)
        if self.point.solutions.complete and countable and _apart(found["groups"], zero):
            found["number"] = len(solutions)
        play = self.given.play if self.given is not None else None
        if play is not None and play.matrix is not None:
            assert self.given is not None
            play = alike(play, self.given.alone) if self.point.single else play
            proof = self._growth(play, choice.candidates[selected].values)
            found["play"] = [[growth_data(play), proof]]
        return found | {"selected": selected}

    def _growth(self, system: Growth, values: Mapping[str, arb]) -> dict[str, Any]:
        growth = Followed(system, values)
        for surely in (False, True):
            reached = growth.reached(values, surely)
            found = shown(self.program, growth.rows, reached, growth.discount)
            if found["finite"] or surely:
                break
        return found

    # -- differential equations -----------------------------------------------------------------

    def _moving(self) -> dict[str, Any]:
        program, path, end = self.program, self.point.path, self.point.end
        assert isinstance(path, Backward) and end is not None and program.terminal is not None
        system = program.system
        first = len(system.unknowns)
        function, found = self._algebraic(range(first, first + len(system.implicit)))
        found["groups"], _ = groups(function)
        boxes = self._boxes(function, path.constants) if path.constants else {}
        rates = time_to_go(program, self.point.parameters, list(boxes), end)
        start = program.terminal.at(self.point.parameters).within(path.constants)
        now = [*start, *(ball(one) for one in boxes.values())]
        asked = fmpq(*(end - self.point.numbers.time).as_integer_ratio())
        moving = {
            "names": [*system.unknowns, *boxes],
            "start": code_data(program.terminal),
            "rates": code_data(program.system.rates),
            "end": str(end),
            "order": ORDER,
            "after": None,
            "steps": self.steps(rates, now, path.trajectory.pieces, asked),
        }
        solutions = [{"boxes": boxes, "growth": []}] if boxes else []
        return found | {"moving": moving, "solutions": solutions, "selected": 0}

    def steps(
        self, rates: Code, now: list[arb], pieces: Sequence[Piece], asked: fmpq
    ) -> list[dict[str, Any]]:
        """Steps along a trajectory, with one that ends where it is asked for."""
        found = []
        for one in steps(rates, now, pieces, asked):
            if one is None:
                raise refused(self.program, "where steps would be too short")
            found.append(one)
        return found


def _apart(grouped: Iterable[Group], zero: set[str]) -> bool:
    """Whether others can count where a first unknown vanishes: determinants may vanish with it."""
    vanishing = [({*core} & zero, {name for name, *_ in apart}) for core, _, apart in grouped]
    return all(names <= counted and len(names) <= 1 for names, counted in vanishing)


def shown(
    program: Program, rows: Sequence[Sequence[arb]], reached: Sequence[int], rate: arb
) -> dict[str, Any]:
    """A Lyapunov function of the expectations that matter, less the rate of discounting."""
    found = lyapunov([[rows[i][j] - (i == j) * rate for j in reached] for i in reached])
    if found is None:
        what = "where expectations grow nearly as fast as they are discounted"
        raise refused(program, what)
    return {"functions": list(reached), **found}


def code_data(code: Code) -> dict[str, Any]:
    """A program as values of JSON."""
    ((arguments, constants, steps, outputs),) = encoded(code).values()
    fractions = [c if isinstance(c, str) else "/".join(c) for c in constants]
    return {"arguments": arguments, "constants": fractions, "steps": steps, "outputs": outputs}


def growth_data(system: Growth) -> dict[str, Any]:
    """A growth system as values of JSON."""
    assert system.matrix is not None
    return {
        "functions": list(system.functions),
        "matrix": code_data(system.matrix),
        "rate": code_data(system.rate),
        "start": list(map(code_data, system.start)),
    }
