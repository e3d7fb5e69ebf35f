"""The displays of the paper, built from the stages of a derivation.

``Source`` turns one stage after the other into lines, grouped as an author would group them;
the modules ``response``, ``population`` and ``continuum`` give them the
paper's numbers. No formula is written here: every expression comes from a stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp

from eqsolve.arithmetic.algebra import Ring, collect
from eqsolve.derivation.identity import GeneralHJB
from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance.vocabulary import symbol
from eqsolve.game import Moment
from eqsolve.ledger import Display, Line
from eqsolve.notated.derivation import Derivation
from eqsolve.operators import InOrder, Kept, Named, Supremum, plain, shown_symbols
from eqsolve.paper.displays.lines import grouped, pooled

z, t, K, Q = symbol("z"), symbol("t"), symbol("K"), symbol("Q")

#: Abbreviations are introduced before the first display that uses them.
ABBREVIATIONS = (
    set(mv.NOTATION.abbreviations)
    | {name for names in mv.NOTATION.denominators.values() for name in names}
    | {name for names in mv.NOTATION.polynomial.values() for name in names}
    | {K, Q}
)


@dataclass(frozen=True)
class Source:
    """The lines of one derivation.

    Attributes
    ----------
    derivation : where every expression comes from.
    given : parameters at special values, inserted everywhere.
    """

    derivation: Derivation
    given: Mapping[sp.Symbol, sp.Expr]

    @property
    def hjb(self) -> GeneralHJB:
        """The extended HJB system."""
        return self.derivation.hjb

    @property
    def control(self) -> sp.Symbol:
        """The control's symbol."""
        return self.hjb.game.control

    def at(self, expression: sp.Expr) -> sp.Expr:
        """Insert the special values."""
        return expression.subs(self.given)

    # ------------------------------------------------------------- the system

    def moment(self, name: str) -> Moment:
        """One of the preference's moments."""
        return next(m for m in self.hjb.moments if m.name == name)

    def payoff(self, power: int = 1) -> sp.Expr:
        """A power of the relative wealth, shown as ``z``."""
        return Named(self.moment("G").payoff, "z") ** power

    def applied(self, f: sp.Expr) -> list[sp.Expr]:
        """The terms of ``A^p f`` in the order of the generator."""
        problem = self.hjb.problem
        terms = [drift * sp.diff(f, s) for s, drift in problem.drift.items()]
        for (first, second), value in problem.covariance.items():
            weight = sp.Rational(1, 2) if first == second else sp.S.One
            terms.append(sp.Mul(weight, value, sp.diff(f, first, second)))
        return terms

    def generator(self) -> Line:
        """The generator applied to a smooth function of time and states."""
        f = sp.Function("varphi", real=True)(t, *self.hjb.game.state_symbols)
        shown = Named(sp.diff(f, t) + self.hjb.problem.generator(f), r"\mathcal{A}^{\pi} \varphi")
        return Line(shown, InOrder(sp.diff(f, t), *self.applied(f)))

    def moment_equation(self, name: str) -> Line:
        """``A^{pi*} U - lambda (U - phi) = 0`` for one moment."""
        unknown = self.hjb.function(name)
        operator = Named(self.hjb.problem.generator(unknown), rf"\mathcal{{A}}^{{\pi^*}} {name}")
        power = 1 if name == "G" else 2
        rest = -self.hjb.game.horizon.hazard * InOrder(unknown, -self.payoff(power))
        return Line(InOrder(operator, rest), sp.S.Zero)

    @cached_property
    def _parts(self) -> tuple[list[tuple[sp.Rational, sp.Expr, sp.Expr]], sp.Expr]:
        """The value's equation as ``sum number_k weight_k part_k + lambda (settlement - V)``.

        The drifts and covariances are held by placeholders while the hamiltonian is formed, so
        that its grouping is the generator's; the second part is the settlement in z.
        """
        game = self.hjb.game
        drift = {s: sp.Dummy(real=True) for s in self.hjb.problem.drift}
        covariance = {pair: sp.Dummy(real=True) for pair in self.hjb.problem.covariance}
        payoffs = {self.moment("G").payoff ** k: z**k for k in (1, 2)}
        moments = tuple(Moment(m.name, payoffs[m.payoff]) for m in game.preference.moments)
        short = replace(self.hjb.problem, drift=drift, covariance=covariance, moments=moments)
        held = GeneralHJB.of(short, self.hjb.time)
        hamiltonian = sp.expand(held.hamiltonian.doit())
        pairs = []
        for state, name in drift.items():
            part = sp.diff(hamiltonian, name)
            pairs.append((sp.S.One, self.hjb.problem.drift[state], part))
        for pair, name in covariance.items():
            number = sp.Rational(1, 2) if pair[0] == pair[1] else sp.S.One
            part = sp.expand(sp.diff(hamiltonian, name) / number)
            pairs.append((number, self.hjb.problem.covariance[pair], part))
        return pairs, held.settlement

    def _settlement(self, value: sp.Expr, relative: sp.Expr, mean: sp.Expr) -> sp.Expr:
        """The bracket after lambda, the part with gamma written as a square."""
        gap = sp.Dummy(real=True)
        total = self._parts[1]
        function = self.hjb.function("G")
        quadratic = total.coeff(mv.gamma).subs(z, function + gap)
        first = sp.factor(sp.expand(total - mv.gamma * total.coeff(mv.gamma)))
        second = mv.gamma * sp.factor(sp.expand(quadratic))
        return InOrder(
            first.subs(z, relative),
            second.subs(gap, relative - mean).subs(function, mean),
            sp.Mul(-1, value),
        )

    def value_equation(self) -> Line:
        """The extended HJB equation of the value."""
        pairs, _ = self._parts
        relative, mean, value = self.payoff(), self.hjb.function("G"), self.hjb.function("V")
        inside = InOrder(*(sp.Mul(*factors) for factors in pairs))
        settlement = self._settlement(value, relative, mean)
        return Line(
            InOrder(Supremum(inside, self.control), self.hjb.game.horizon.hazard * settlement),
            sp.S.Zero,
        )

    # -------------------------------------------------------------- the ansatz

    def inserted(self, expression: sp.Expr) -> sp.Expr:
        """Insert the ansatz for the unknown functions, without expanding."""
        ansatz = self.derivation.system.ansatz
        known = {self.hjb.function(k): poly for k, poly in ansatz.functions.items()}
        known[self.hjb.function("V")] = ansatz.value
        return expression.subs(known).doit()

    @property
    def feedback(self) -> sp.Expr:
        """The affine feedback."""
        return self.derivation.system.ansatz.response

    def _settled(self) -> sp.Expr:
        ansatz, states = self.derivation.system.ansatz, self.hjb.game.state_symbols
        payoff = self.moment("G").payoff
        mean = ansatz.functions["G"]
        gap = sp.Add(*(m * c for m, c in collect(payoff - mean, states).items()))
        marker = sp.Dummy(real=True)
        value = Kept(ansatz.value)
        bracket = self._settlement(value, payoff, payoff - marker)
        return self.hjb.game.horizon.hazard * bracket.xreplace({marker: gap})

    def value_at_ansatz(self) -> Line:
        """The value's equation with the ansatz, before the supremum is taken."""
        pairs, _ = self._parts
        inside = InOrder(*(sp.Mul(k, w, self.inserted(part)) for k, w, part in pairs))
        return Line(InOrder(Supremum(inside, self.control), self._settled()), sp.S.Zero)

    def value_maximized(self) -> Line:
        """The value's equation with the ansatz and the maximizer inserted."""
        pairs, _ = self._parts
        square = self.derivation.value.curvature.expression / 2 * self.feedback**2
        rest = (sp.Mul(k, w.subs(self.control, 0), self.inserted(part)) for k, w, part in pairs)
        # it is the former equation at the maximizer, which vanishes
        before = plain(self.value_at_ansatz().left)
        return Line(InOrder(square, *rest, self._settled()), sp.S.Zero, equals=before)

    def moment_at_ansatz(self, name: str) -> Line:
        """A moment's equation with ansatz and feedback inserted."""
        moment = self.moment(name)
        polynomial = self.derivation.system.ansatz.functions[name]
        terms = [e.subs(self.control, self.feedback) for e in self.applied(polynomial)]
        shown = Kept(polynomial)
        hazard = self.hjb.game.horizon.hazard
        return Line(InOrder(*terms, -hazard * InOrder(shown, -moment.payoff)), sp.S.Zero)

    # ------------------------------------------------- first-order condition

    def feedback_by_value(self) -> tuple[sp.Expr, dict[sp.Expr, sp.Expr]]:
        """The maximizer in terms of the value's coefficients.

        Returns minus the second derivative of the value's equation in the control and, per
        monomial of the states, the first derivative at control zero.
        """
        pairs, _ = self._parts
        total = sp.Add(*(k * w * self.inserted(part) for k, w, part in pairs))
        slope = sp.diff(sp.expand(total), self.control)
        curvature = sp.expand(-sp.diff(slope, self.control))
        lines = collect(slope.subs(self.control, 0), self.hjb.game.state_symbols)
        return sp.factor(curvature), {m: grouped(e, mv.B, mv.sigma) for m, e in lines.items()}

    # ---------------------------------------------------------------- results

    def matched(self, unknown: sp.Symbol, by: sp.Symbol | None = None) -> Line:
        """The coefficient equation of one unknown, collected in ``by``."""
        expression = self.at(self.derivation.system.equation(unknown).expression)
        names = [unknown if by is None else by]
        names += [u for u in (mv.a, mv.c) if expression.has(u) and u not in names and by is None]
        return Line(grouped(expression, *names), sp.S.Zero)

    def solution(self, unknown: sp.Symbol) -> Line:
        """``unknown = closed form``."""
        return Line(unknown, self.at(self.derivation.form[unknown]))

    def by_moments(self, unknown: sp.Symbol) -> Line:
        """A coefficient of the value from ``V = F``, collected in the preference's weights."""
        value = self.at(self.derivation.form[unknown])
        return Line(unknown, grouped(value, mv.alpha, mv.beta, mv.gamma))

    def by_equation(self, unknown: sp.Symbol) -> Line:
        """A coefficient of the value from the value's own equation."""
        for left, right in self.derivation.value.by_hjb:
            if left.has(unknown):
                shared = right.has(mv.m_s)
                right = pooled(right, (mv.m_2, mv.m_s)) if shared else right
                return Line(self.at(left), self.at(right))
        raise KeyError(unknown)

    def cubic(self) -> tuple[Line, Line]:
        """The equation of ``p1``: grouped by the weights, and in powers."""
        form, system = self.derivation.form, self.derivation.system
        short = {u: form[u] for u in (mv.a, mv.h20)}
        equation = self.at(system.equation(mv.p1).expression.subs(short))
        ring = Ring.of(equation)
        _, factors = ring.factors(ring.ratio(equation).numerator)
        (factor,) = (f for f, _ in factors if f.has(mv.p1))
        sides = collect(factor, (mv.beta, mv.gamma))
        first = sides.get(mv.beta, sides.get(sp.S.One, sp.S.One))
        sign = 1 if first.as_coeff_Mul()[0] > 0 else -1
        shown = []
        for weight, part in sides.items():
            content, rest = sign * weight, part
            for name in (mv.kappa, mv.kappa if weight == mv.gamma else mv.B):
                if sp.expand(rest / name).is_polynomial():
                    content, rest = content * name, sp.expand(rest / name)
            shown.append(content * grouped(rest, mv.D1, mv.D2))
        return Line(InOrder(*shown), sp.S.Zero), Line(form[mv.p1], sp.S.Zero)

    # ---------------------------------------------------------- abbreviations

    def introduced(self, displays: Iterable[Display]) -> tuple[Display, ...]:
        """Add to every display the abbreviations that it is the first to use."""
        known: set[sp.Symbol] = set()
        result = []
        for display in displays:
            lines = display.let + display.lines
            known |= {line.left for line in lines if isinstance(line.left, sp.Symbol)}
            let: list[Line] = []
            for line in lines:
                self._introduce(line.left, known, let)
                self._introduce(line.right, known, let)
            let.sort(key=lambda line: self._order.index(line.left))
            result.append(replace(display, let=(*display.let, *let), given=self.given))
        return tuple(result)

    @cached_property
    def _order(self) -> list[sp.Symbol]:
        return [*self.derivation.form.table, K]

    def _introduce(self, shown: sp.Expr, known: set[sp.Symbol], let: list[Line]) -> None:
        new = (shown_symbols(shown) & ABBREVIATIONS) - known
        for name in sorted(new, key=self._order.index):
            if name in known:
                continue
            known.add(name)
            value = self.at(self._meaning(name))
            self._introduce(value, known, let)
            # special values matter only for what contains them
            if not self.given or value != self._meaning(name):
                let.append(Line(name, value))

    def _meaning(self, name: sp.Symbol) -> sp.Expr:
        if name == K:
            return self.derivation.value.curvature.expression
        value = self.derivation.form[name]
        terms = set(sp.Add.make_args(value))
        return value.subs({e: v for e, v in mv.NOTATION.abbreviations.items() if e in terms})
