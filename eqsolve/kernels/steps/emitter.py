"""The source of a kernel: a solution's steps as straight-line code for numba."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import sympy as sp

from eqsolve.derivation.solve.solution import solve
from eqsolve.derivation.solve.step import (
    Explicit,
    Flow,
    Integral,
    Root,
    Roots,
    Step,
    running,
    to_go,
)
from eqsolve.errors import DerivationError
from eqsolve.game import t
from eqsolve.kernels.steps.columns import columns
from eqsolve.kernels.steps.conditions import Test, several, tests
from eqsolve.kernels.steps.expressions import domain, lines
from eqsolve.kernels.steps.joining import joined
from eqsolve.kernels.steps.module import FILL, MODULE
from eqsolve.kernels.steps.monotone import slopes
from eqsolve.kernels.steps.text import Text
from eqsolve.status import Status

#: Divisors of closed forms below this lose too many digits.
SMALL = 1e-3


@dataclass
class Emitter(Text):
    """Writes the kernel of one derivation.

    Attributes
    ----------
    parameters : the inputs, in order.
    states : optional inputs, in order.
    outputs : names of the columns after ``status``, in order.
    needs : the states without which an output has no value.
    choices : for every polynomial the number of its roots among which is chosen.
    settles : whether coupled coefficients are followed to rest, their other solutions unknown.
    rested : coefficients that are.
    """

    outputs: list[str] = field(default_factory=list)
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    choices: list[int] = field(default_factory=list)
    settles: bool = False
    rested: set[sp.Symbol] = field(default_factory=set)

    def __post_init__(self) -> None:
        model = self.derivation.model
        if not self.derivation.stationary and model.game.horizon.end is None:
            raise DerivationError(
                "an infinite horizon with rates that move in time has no kernel.",
                game=model.name,
                stage="code generation",
            )
        letters = tuple(letter.symbol for letter in model.vocabulary.parameters)
        # averages over the types of a crowd are found before, and given
        self.parameters = (*letters, *self.derivation.closure.aggregates)
        laws = tuple(law.symbol for law in model.game.laws)
        self.states = (*model.game.state_symbols, *laws)
        self.build()

    # -- the steps ------------------------------------------------------------------------------

    def build(self) -> None:
        """Write the body."""
        derivation, model = self.derivation, self.derivation.model
        self.known = [*self.parameters]
        self.domain()
        for name, definition in derivation.solved.game.definitions.items():
            self.assign(name, definition)
        end = model.game.horizon.end
        if end is not None:
            self.assign(to_go, end - t)
            self.fail_unless(f"{self.names[to_go]} >= 0.0", Status.INVALID_INPUT)
        self.starts()
        self.solution = solve(derivation)
        self.explosions = list(self.solution.explosions)
        for step in joined(self.solution.steps, derivation):
            self.step(step)
        self.fallback()
        for symbol, expression in derivation.explicit.items():
            self.assign(symbol, expression)
        self.conditions()
        self.results()

    def domain(self) -> None:
        """Parameters outside their domains are invalid input."""
        for letter in self.derivation.model.vocabulary.parameters:
            self.body += domain(letter, self.names[letter.symbol])

    def starts(self) -> None:
        """The payoffs' coefficients, from which limits start."""
        self.start = dict(self.derivation.system.terminal)
        if self.derivation.stationary:
            try:
                self.start = dict(self.derivation.payoffs)
            except DerivationError:
                self.start = {}

    def step(self, step: Step) -> None:
        if isinstance(step, Explicit):
            # what came to rest with others is more exact than a quotient of them
            if step.symbol not in self.rested:
                self.assign(step.symbol, step.expression)
        elif isinstance(step, Root):
            self.root(step)
        elif isinstance(step, Roots):
            self.roots(step)
        elif isinstance(step, Flow):
            self.flow(step)
        elif isinstance(step, Integral):
            self.integral(step)
        for symbol in step.symbols:
            if symbol not in self.known:
                self.known.append(symbol)
        if self.derivation.stationary:
            return
        for explosion in [e for e in self.explosions if set(e.symbols) & set(step.symbols)]:
            self.explosions.remove(explosion)
            self.body += lines(
                [("square", explosion.square), ("slope", explosion.slope)], self.names
            )
            self.fail_unless(
                f"{self.names[to_go]} < explosion_time(square, slope)", Status.EXPLODES
            )

    def root(self, step: Root) -> None:
        name = self.names[step.symbol]
        blocks, system = self.derivation.blocks, self.derivation.system
        block = next((b for b in blocks if step.symbol in b), ())
        if step.symbol in system.rates and len(block) > 1:
            self.settle(block)
            return
        if step.symbol in system.conditions:
            form = system.feedback[step.symbol]
            unknown = form.free_symbols - set(self.known)
            self.settle(next(b for b in blocks if unknown & set(b)))
            self.assign(step.symbol, form)
            return
        if not step.coefficients:
            function = f"equation_{name}"
            self.unique(step)
            vector = self.helper(function, "x, p", [step.symbol], [step.equation], "x")
            self.bound.append(f"crossing_{name} = crossing_of({function})")
            self.body.append(f"{name} = crossing_{name}({vector})")
            self.fail_unless(f"math.isfinite({name})", Status.UNRESOLVED)
            return
        sign, start = self.motion(step) or (sp.S.One, None)
        self.body += lines(
            [(f"poly_{name}_{i}", sign * c) for i, c in enumerate(step.coefficients)],
            self.names,
        )
        listed = ", ".join(f"poly_{name}_{i}" for i in range(len(step.coefficients)))
        if start is None:
            # no motion to follow: the roots are judged one by one
            self.body.append(f"start_{name} = math.nan")
        else:
            self.body += lines([(f"start_{name}", start)], self.names)
        pick = f"pick[{len(self.choices)}]"
        self.body.append(f"{name} = root_of(np.array([{listed}]), start_{name}, {pick})")
        self.choices.append(len(step.coefficients) - 1)
        self.fail_unless(f"not math.isnan({name})", Status.UNRESOLVED)
        self.body += [f"if not math.isfinite({name}):", "    return NO_ROOT"]

    def unique(self, step: Root) -> None:
        """An equation is only solved where it is monotone: several zeros are not compared."""
        forms = slopes(step.equation, step.symbol)
        label = self.names[step.symbol]
        proofs = []
        for number, constants in enumerate(forms):
            names = [f"slope_{label}_{number}_{i}" for i in range(len(constants))]
            self.body += lines(list(zip(names, constants)), self.names)
            for sign in ("<", ">"):
                one_sign = " and ".join(f"{n} {sign}= 0.0" for n in names)
                some = " or ".join(f"{n} {sign} 0.0" for n in names)
                proofs.append(f"({one_sign} and ({some}))")
        self.fail_unless(" or ".join(proofs) or "False", Status.UNRESOLVED)

    def motion(self, step: Root) -> tuple[sp.Expr, sp.Expr] | None:
        """What makes a root's polynomial its rate in the time to go, and where it starts.

        The root is a coefficient, or an auxiliary symbol of which a later coefficient is an
        affine function. None if the rate has a factor that moves with the root, as in
        ``A' = A (A/k - r)`` of a coefficient that must be positive.
        """
        rates = self.derivation.system.rates
        symbol = step.symbol
        if symbol in rates:
            rate, start = -rates[symbol], self.start.get(symbol, sp.S.Zero)
        else:
            user = next(
                s
                for s in self.solution.steps
                if isinstance(s, Explicit) and s.symbol in rates and s.expression.has(symbol)
            )
            slope = sp.diff(user.expression, symbol)
            rest = user.expression.xreplace({symbol: sp.S.Zero})
            moved = -rates[user.symbol] + sp.Add(
                *(sp.diff(rest, c) * rates[c] for c in rates if c in rest.free_symbols)
            )
            rate = moved.xreplace({user.symbol: user.expression}) / slope
            first = {c: self.start.get(c, sp.S.Zero) for c in rates}
            start = (first[user.symbol] - rest.xreplace(first)) / slope
        sign = sp.cancel(rate / step.equation)
        return None if sign.has(symbol) else (sign, start)

    def roots(self, step: Roots) -> None:
        # coefficients of the feedback among them follow from the others
        self.settle([s for s in step.symbols if s not in self.derivation.system.conditions])

    def settle(self, symbols: Sequence[sp.Symbol]) -> None:
        """The limit of coupled coefficients as the horizon grows."""
        rates = [-self.derivation.system.rates[s] for s in symbols]
        label = self.names[symbols[0]]
        self.flow_functions(label, symbols, rates, jacobian=True)
        self.state_vector(label, [self.start.get(s, sp.S.Zero) for s in symbols])
        self.bound.append(f"rest_{label} = settler(rates_{label}, jacobian_{label})")
        self.settles = True
        self.rested |= set(symbols)
        self.fail_unless(f"rest_{label}(u_{label}, p_{label})", Status.UNRESOLVED)
        self.unpack(label, symbols)

    def flow(self, step: Flow) -> None:
        if step.constraints:
            raise DerivationError(
                "a feedback that is implicit and moves has no kernel.",
                game=self.derivation.model.name,
                stage="code generation",
            )
        label = self.names[step.symbols[0]]
        self.flow_functions(label, step.symbols, step.rates)
        self.state_vector(label, step.initial)
        self.bound.append(f"integrate_{label} = integrator(rates_{label})")
        self.arrive(label)
        self.unpack(label, step.symbols)

    def arrive(self, label: str) -> None:
        """Integrate over the time to go, or return why not."""
        self.body += [
            f"code = integrate_{label}(u_{label}, p_{label}, {self.names[to_go]})",
            "if code != 0:",
            "    return code",
        ]

    def state_vector(self, label: str, initial: Sequence[sp.Expr]) -> None:
        self.body.append(f"u_{label} = np.empty({len(initial)})")
        self.body += lines([(f"u_{label}[{i}]", e) for i, e in enumerate(initial)], self.names)

    def unpack(self, label: str, symbols: Sequence[sp.Symbol]) -> None:
        self.body += [f"{self.names[s]} = u_{label}[{i}]" for i, s in enumerate(symbols)]

    def integral(self, step: Integral) -> None:
        name = self.names[step.symbol]
        function = f"integrand_{name}"
        vector = self.helper(function, "x, p", [running], [step.integrand], "x")
        self.body += lines(
            [(f"factor_{name}", step.factor), (f"first_{name}", step.initial)], self.names
        )
        self.body.append(
            f"{name} = factor_{name} * (first_{name} + "
            f"quadrature_{name}({vector}, {self.names[to_go]}))"
        )
        self.bound.append(f"quadrature_{name} = quadrature_of({function})")

    def divisors(self) -> list[sp.Expr]:
        """What a closed form in time divides by; empty if nothing else can be done there."""
        system = self.derivation.system
        found = [
            c.expression
            for c in self.solution.conditions
            if c.relation == "!=" and c not in self.solution.assumed
        ]
        if self.derivation.stationary or system.implicit or not found:
            return []
        missing = set().union(*(e.free_symbols for e in found)) - set(self.known)
        return [e for e in found if not e.free_symbols & missing]

    def fallback(self) -> None:
        """Where a closed form divides by something small, integrate all coefficients instead."""
        system = self.derivation.system
        divisors = self.divisors()
        if not divisors:
            return
        unknowns = system.unknowns
        pairs = [(f"divisor_{i}", e) for i, e in enumerate(divisors)]
        self.body += lines(pairs, self.names)
        small = " or ".join(f"not abs({name}) > {SMALL}" for name, _ in pairs)
        end = self.derivation.model.game.horizon.end
        assert end is not None
        before = len(self.body)
        rates = [-system.rates[u].xreplace({t: end - to_go}) for u in unknowns]
        self.flow_functions("all", unknowns, rates)
        self.state_vector("all", [system.terminal[u] for u in unknowns])
        self.bound.append("integrate_all = integrator(rates_all)")
        self.arrive("all")
        self.unpack("all", unknowns)
        guarded = ["    " + line for line in self.body[before:]]
        self.body[before:] = [f"if {small}:", *guarded]

    # -- the decision and the results -----------------------------------------------------------

    def conditions(self) -> None:
        """What decides the status; ``finite`` says whether expectations are."""
        self.body.append("finite = True")
        for test in self.tests():
            self.body += lines(test.pairs, self.names)
            if test.second is None:
                self.require(test.holds, test.status)
                continue
            before = len(self.body)
            self.body += [*test.second.before, *lines(test.second.pairs, self.names)]
            self.require(test.second.holds, test.status)
            if test.holds:
                inner = ["    " + line for line in self.body[before:]]
                self.body[before:] = [f"if not ({test.holds}):", *inner]

    def require(self, condition: str, status: Status | None) -> None:
        if status is None:
            self.body.append(f"finite = finite and {condition}")
        else:
            self.fail_unless(condition, status)

    def tests(self) -> Iterator[Test]:
        """What a solution must satisfy, in order."""
        return tests(self.derivation, self.names, self.known)

    def found(self) -> list[tuple[str, sp.Expr]]:
        """The columns after the status, and what they hold."""
        return columns(self.derivation, self.states)

    def results(self) -> None:
        """The columns."""
        found = self.found()
        self.outputs = [name for name, _ in found]
        for position, (output, expression) in enumerate(found):
            needed = [s for s in self.states if s in expression.free_symbols]
            self.needs[output] = tuple(s.name for s in needed)
            guard = " and ".join(f"have_{self.names[s]}" for s in needed)
            block = lines([(f"out[{position}]", expression)], self.names)
            self.body += [f"if {guard}:", *("    " + b for b in block)] if guard else block

    def fill(self) -> str:
        """The function that fills arrays, one point after the other."""
        grown = Status.INFINITE_VARIANCE if several(self.derivation) else Status.UNSTABLE
        return FILL.format(
            inputs=len(self.parameters) + 1 + len(self.states),
            outputs=len(self.outputs),
            unstable=int(Status.UNSTABLE),
            grown=int(grown),
        )

    def source(self) -> str:
        """The generated module, but for a function that fills arrays."""
        inputs = [f"{self.names[s]} = point[{i}]" for i, s in enumerate((*self.parameters, t))]
        first = len(self.parameters) + 1
        for i, state in enumerate(self.states):
            name = self.names[state]
            inputs.append(f"{name} = point[{first + i}]")
            inputs.append(f"have_{name} = given[{i}]")
        decorated = [f"@njit(error_model='numpy')\n{helper}" for helper in self.helpers]
        text = "\n".join("    " + line for line in (*inputs, *self.body))
        return MODULE.format(
            game=self.derivation.model.name,
            helpers="\n\n\n".join([*decorated, "\n".join(self.bound)]),
            body=text,
            choices=repr(self.choices),
            alone=repr(not self.settles),
        )
