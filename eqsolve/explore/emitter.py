"""A solution's steps as JavaScript, with every root where kernels follow one limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import sympy as sp

from eqsolve.derivation.conditions import domains, second_order
from eqsolve.derivation.solve.step import Explicit, Root, Roots, Step
from eqsolve.explore.pairs import candidate
from eqsolve.explore.script import translated
from eqsolve.game import t
from eqsolve.game.parameters import parameter
from eqsolve.kernels.steps.conditions import Test, several
from eqsolve.kernels.steps.emitter import Emitter
from eqsolve.kernels.steps.expressions import inside, lines
from eqsolve.numbers import LEAST, MAGNITUDE, MOST
from eqsolve.program.codes import coefficients
from eqsolve.status import Status


def monomial(exponents: Sequence[int], letters: Sequence[sp.Symbol]) -> str:
    """The name of a monomial in columns."""
    return "".join(s.name * e for s, e in zip(letters, exponents)) or "1"


#: Second-order conditions where expectations are infinite: what is not a number is not known.
_UNKNOWN = {
    "held > 0.0 or finite": "not (held <= 0.0) or finite",
    "held > 0.0": "held > 0.0 or not finite",
}


def _margin(test: Test) -> Test:
    """A test of growth by what it exceeds its rate by, which is rounded once: its sign counts."""
    if test.second is None:
        return test
    rate, entries = dict(test.pairs)["rate"], dict(test.second.pairs)
    names = [f"grown[{i}, {i}]" for i in range(test.second.size)]
    margins = {name: entries.get(name, sp.S.Zero) - rate for name in names}
    pairs = tuple((entries | margins).items())
    holds = f"growth(grown, start) < {-EQUAL} * rate"
    second = replace(test.second, pairs=pairs, holds=holds)
    return replace(test, second=second)


def _part_of_sentence(text: str) -> str:
    return text[:1].lower() + text[1:].removesuffix(".")


#: The numbers that ``solve`` takes, besides zero.
_SIZES = f"abs({{0}}) >= {float(LEAST)!r} and abs({{0}}) <= {float(MOST)!r}"
#: Steps of Newton's method from a root; relative changes below which there is none to follow: with
#: slopes in doubles it would be smaller by nearly as many digits as a double has.
TURNS, STILL = 5, 1e-14
#: Relative distance of a growth rate from its bound at which it is taken to be there: rounding of
#: pairs does not tell them apart.
EQUAL = 1e-28


@dataclass
class ScriptEmitter(Emitter):
    """Writes the functions of one derivation in JavaScript.

    Where a kernel follows coupled coefficients to rest, and one polynomial has all their values as
    its roots, there is a candidate for every root besides.

    Attributes
    ----------
    reasons : why a candidate is none, by number, as parts of a sentence.
    by_root : for coefficients that were followed to rest, the number of such a polynomial.
    """

    reasons: list[str] = field(default_factory=list)
    by_root: dict[sp.Symbol, int] = field(default_factory=dict)
    reason: str = ""

    # -- the letters that results are written in ------------------------------------------------

    def build(self) -> None:
        """Take the states and laws that an author writes results in."""
        given = self.derivation.model.coordinates
        letters = set().union(*(e.free_symbols for e in given.values())) - set(self.parameters)
        kept = [s for s in self.states if s not in given]
        letters -= {*kept}
        self.states = (*kept, *sorted(letters, key=str))
        super().build()

    def found(self) -> list[tuple[str, sp.Expr]]:
        """The columns, in these letters."""
        found, given = super().found(), self.derivation.model.coordinates
        fixed = self.derivation.fixed
        if fixed is not None and fixed.totals:
            # what players of types of their own play is known when all have their coefficients
            system = self.derivation.system
            letters = {*system.unknowns, *system.implicit, *system.feedback}
            found = [(n, e) for n, e in found if e in letters and n.startswith(e.name)]
        if not given:
            return found
        named = {}
        places = tuple(dict.fromkeys((*self.derivation.model.game.state_symbols, *given)))
        for control, form in self.derivation.answered.items():
            for exponents in coefficients(form, places):
                found = [
                    c for c in found if c[0] != f"{control.name}_{monomial(exponents, places)}"
                ]
            form = form.xreplace(dict(given))
            for exponents, coefficient in coefficients(form, self.states).items():
                named[f"{control.name}_{monomial(exponents, self.states)}"] = coefficient
        return [*named.items(), *((name, e.xreplace(dict(given))) for name, e in found)]

    # -- why a candidate is none ----------------------------------------------------------------

    def fail_unless(self, condition: str, status: Status) -> None:
        """Return a status unless a condition holds, and leave the number of the reason."""
        reason = self.reason or _part_of_sentence(status.meaning)
        if reason not in self.reasons:
            self.reasons.append(reason)
        number = self.reasons.index(reason)
        self.body += [
            f"if not ({condition}):",
            f"    return refused({int(status)}, {number})",
        ]

    def domain(self) -> None:
        """Parameters outside their domains are invalid input; then states in other letters."""
        for letter in self.derivation.model.vocabulary.parameters:
            name = self.names[letter.symbol]
            self.reason = parameter(letter, self.derivation.model.name).requirement
            held = inside(letter.domain, name) or f"math.isfinite({name})"
            self.fail_unless(held, Status.INVALID_INPUT)
            self.reason = f"the parameter {letter.name} must be {MAGNITUDE}"
            self.fail_unless(f"{name} == 0.0 or {_SIZES.format(name)}", Status.INVALID_INPUT)
        for number, (words, expression) in enumerate(self.derivation.model.required.items()):
            spelled = expression.xreplace(dict(self.derivation.solved.game.definitions))
            self.body += lines([(f"required_{number}", spelled)], self.names)
            self.reason = words
            self.fail_unless(f"abs(required_{number}) > 0.0", Status.INVALID_INPUT)
        self.reason = ""
        for symbol, expression in self.derivation.model.coordinates.items():
            self.assign(symbol, expression)

    def tests(self) -> Iterator[Test]:
        """What a solution must satisfy, in order; ``reason`` says what the present one is."""
        known = set(self.known)
        sentences = {}
        for condition in (*domains(self.derivation), *second_order(self.derivation)):
            free = condition.expression.free_symbols - known
            sentences[condition.expression] = condition.sentence
            sentences[condition.expression.xreplace({s: sp.S.One for s in free})] = (
                condition.sentence
            )
        for test in self._ordered([_margin(test) for test in super().tests()]):
            expression = test.pairs[0][1] if test.pairs else None
            self.reason = sentences.get(expression, "")
            if several(self.derivation):
                if test.holds == "finite":
                    self.reason = _part_of_sentence(Status.INFINITE_VARIANCE.meaning)
                # what is not known is no reason besides infinite expectations
                test = replace(test, holds=_UNKNOWN.get(test.holds, test.holds))
            elif test.status is Status.NOT_A_MAXIMUM:
                # what is not a number is no reason against a maximum
                words, self.reason = self.reason, ""
                yield replace(test, holds="not math.isnan(held)", status=Status.NO_SOLUTION)
                self.reason, test = words, replace(test, pairs=())
            yield test
        self.reason = ""

    def _ordered(self, found: list[Test]) -> list[Test]:
        """Infinite expectations before coefficients that do not exist and are not needed for them.

        ``solve`` decides in this order, too. What is followed at the start need only not be zero.
        """
        growth = [test for test in found if test.status is None]
        if not growth:
            return found
        seconds = (test.second.pairs for test in growth if test.second is not None)
        pairs = [pair for part in (*(test.pairs for test in growth), *seconds) for pair in part]
        rates = [e for name, e in pairs if not name.startswith("start")]
        needed = {f"({self.names[s]})" for e in rates for s in e.free_symbols}
        late = [
            test
            for test in found
            if test.status is Status.NO_SOLUTION and not any(n in test.holds for n in needed)
        ]
        early = [test for test in found if not any(test is other for other in late)]
        place = max(k for k, test in enumerate(early) if test.status is None) + 1
        excused = [replace(test, holds=f"{test.holds} or not finite") for test in late]
        return [*early[:place], *excused, *early[place:]]

    # -- all roots ------------------------------------------------------------------------------

    def step(self, step: Step) -> None:
        number = self.by_root.get(step.symbols[0])
        if number is None or not isinstance(step, Explicit):
            super().step(step)
            return
        before = len(self.body)
        self.assign(step.symbol, step.expression)
        self._where(f"pick[{number}] >= 0", before)
        block = next(b for b in self.derivation.blocks if step.symbol in b)
        own = [s for s in block if s in self.derivation.system.rates]
        if step.symbol in own and all(s in self.known for s in own):
            self._refine(own, number)

    def roots(self, step: Roots) -> None:
        """The rest of coupled coefficients, to the digits of pairs."""
        super().roots(step)
        self._refine([s for s in step.symbols if s in self.derivation.system.rates])

    def _refine(self, symbols: Sequence[sp.Symbol], number: int | None = None) -> None:
        """Newton's method with the equations in pairs and their slopes in doubles.

        A root and what follows from it may lose all digits where a formula divides by something
        small; the equations do not. With a number, where a root of that polynomial is taken.
        """
        before, size = len(self.body), len(symbols)
        rates = [self.derivation.system.rates[s] for s in symbols]
        entries = [
            (f"slopes[{i}, {j}]", sp.diff(rate, s))
            for i, rate in enumerate(rates)
            for j, s in enumerate(symbols)
        ]
        inner = lines([*((f"rate_{i}", rate) for i, rate in enumerate(rates))], self.names)
        inner += lines(entries, self.names)
        inner += [f"change[{i}] = rate_{i}" for i in range(size)]
        solved = [f"{self.names[s]} = {self.names[s]} - change[{i}]" for i, s in enumerate(symbols)]
        inner += ["if factor(slopes, order):", "    substitute(slopes, order, change)"]
        inner += ["    " + line for line in solved]
        still = (
            f"abs(change[{i}]) <= {STILL} * abs({self.names[s]})" for i, s in enumerate(symbols)
        )
        inner += [f"    if {' and '.join(still)}:", "        break"]
        self.body += [f"slopes = np.empty(({size}, {size}))", f"change = np.empty({size})"]
        self.body += [f"order = np.empty({size})", f"for turn in range({TURNS}):"]
        self.body += ["    " + line for line in inner]
        if number is not None:
            self._where(f"pick[{number}] >= 0", before)

    def conditions(self) -> None:
        """Before what decides the status, the coefficients, which a rejected solution has as well,
        and what is largest at the limit of finite horizons."""
        system = self.derivation.system
        for position, (_, expression) in enumerate(self.found()):
            if expression in (*system.unknowns, *system.implicit):
                self.body += lines([(f"out[{position}]", expression)], self.names)
        limit = self.derivation.model.limit
        if limit is not None:
            self.body += lines([("measured[0]", limit)], self.names)
        super().conditions()

    def root(self, step: Root) -> None:
        """Every root of a polynomial, or where its coefficients come to rest."""
        before, rested = len(self.body), len(self.rested)
        super().root(step)
        if len(self.rested) == rested or not step.coefficients:
            return
        number, name = len(self.choices), self.names[step.symbol]
        self.choices.append(len(step.coefficients) - 1)
        self._where(f"pick[{number}] < 0", before)
        self.by_root |= dict.fromkeys(self.rested, number)
        before = len(self.body)
        self.body += lines(
            [(f"poly_{name}_{i}", c) for i, c in enumerate(step.coefficients)], self.names
        )
        listed = ", ".join(f"poly_{name}_{i}" for i in range(len(step.coefficients)))
        self.body.append(f"{name} = root_of(np.array([{listed}]), math.nan, pick[{number}])")
        self.fail_unless(f"not math.isnan({name})", Status.UNRESOLVED)
        self.body += [f"if not math.isfinite({name}):", "    return NO_ROOT"]
        self._where(f"pick[{number}] >= 0", before)

    def _where(self, condition: str, start: int) -> None:
        """Put the lines from ``start`` on under a condition."""
        inner = ["    " + line for line in self.body[start:]]
        self.body[start:] = [f"if {condition}:", *inner]

    # -- the text -------------------------------------------------------------------------------

    def script(self, room: int = 0) -> str:
        """The generated functions, of which ``candidate`` solves a point.

        At the end of its memory there is room for so many pairs of other functions.
        """
        inputs = [f"{self.names[s]} = point[{i}]" for i, s in enumerate(self.inputs)]
        first = len(self.parameters) + 1
        inputs += [f"have_{self.names[s]} = given[{i}]" for i, s in enumerate(self.states)]
        assert first + len(self.states) == len(self.inputs)
        helpers = [translated(helper) for helper in self.helpers]
        bound = [f"const {translated(line)}" for line in self.bound]
        head = ["let failed = 0;", "const measured = new Float64Array(1);"]
        head += [f"const rooted = new Float64Array({len(self.choices)});"]
        return "\n".join([*helpers, *bound, *head, candidate([*inputs, *self.body], room)])

    @property
    def inputs(self) -> Sequence[sp.Symbol]:
        """Parameters, the time and states."""
        return (*self.parameters, t, *self.states)
