"""Limits of a root that stays bounded as a parameter grows, and of closed forms along it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sympy as sp

from eqsolve.arithmetic.algebra import Ring
from eqsolve.derivation.limits import limit
from eqsolve.errors import DerivationError
from eqsolve.prove.algebraic import divisors
from eqsolve.prove.limits import Growing, stated
from eqsolve.prove.statement import (
    Bounded,
    ForAll,
    Hypothesis,
    Joined,
    Line,
    Relation,
    Theorem,
    identifier,
)

#: From where on a root's equation holds, and one over the parameter.
START, SMALL = sp.symbols("start small")


@dataclass(frozen=True)
class Branch:
    """A root that stays bounded as the parameter grows, and closed forms in both.

    Attributes
    ----------
    known : the closed forms, and what the root tends to.
    root : the root.
    equation : what vanishes at it.
    """

    known: Growing
    root: sp.Symbol
    equation: sp.Expr

    def of_root(self, name: str, title: str, source: str) -> Theorem | None:
        """What the root tends to, from its equation; None if the head is not linear in it.

        Raises
        ------
        VacuousError
            If no numbers satisfy what is assumed.
        """
        known, x, p = self.known, self.known.variable, self.root
        end = known.limits[p]
        scaled, degree = self._scaled(known.inserted(self.equation))
        head, *rest = reversed(sp.Poly(scaled, SMALL).all_coeffs())
        linear = sp.Poly(head, p)
        if linear.degree() != 1 or sp.cancel(linear.nth(0) + linear.nth(1) * end) != 0:
            return None
        factor = sp.factor(linear.nth(1))
        others = sp.Add(*(e * SMALL**k for k, e in enumerate(rest)))
        used = known.used(self.equation) - {p}
        vanishing = Relation(known.shown(self.equation), "=")
        beyond = Joined("->", (Relation(START, "<", x), vanishing))
        hypotheses = [
            *known.hypotheses(used),
            Hypothesis(f"root_{p.name}", ForAll((x,), beyond)),
            Hypothesis(f"bounded_{p.name}", Bounded(known.shown(p), x)),
            *_nonzero([1 / factor, end]),
        ]
        body = sp.Lambda(SMALL, known.shown(-others))
        root = f"root_{identifier(p.name)}"
        script = [
            Line("intros. apply tends_around."),
            Line(
                "apply (tends_beyond (Rmax 0 {}) _ (fun {} => 1 / {} * ({} (1 / {}) / {})));",
                (START, x, x, body, x, factor),
            ),
            Line("  cbv beta."),
            Line(
                f"{{{{ intros {{}} L. apply beyond_both in L as [P L]. specialize ({root} {{}} L).",
                (x, x),
            ),
            Line("  apply Rminus_diag_uniq."),
            Line("  replace (_ - _) with (1 / {} * {}).", (factor * x**degree, vanishing.left)),
            Line(f"  - rewrite {root}. ring."),
            Line(f"  - {known.rewriting(used)}field; side. }}}}"),
            Line("apply (tends_0_product (fun y => 1 / y)); [limit | bound]."),
        ]
        return stated(
            name,
            title,
            source,
            hypotheses,
            known.tends(p, end),
            script,
            known,
            {p: sp.S.Zero, **self._without_root()},
        )

    def _without_root(self) -> dict[sp.Symbol, sp.Expr]:
        """Letters that are 0 where 0 is a root, whatever the parameter is."""
        at_zero = self.known.inserted(self.equation).xreplace({self.root: sp.S.Zero})
        for factor, _ in sp.factor_list(at_zero)[1]:
            terms = sp.Add.make_args(sp.expand(factor))
            letters = [sorted(term.free_symbols - {self.known.variable}, key=str) for term in terms]
            if all(letters):
                return {some[0]: sp.S.Zero for some in letters}
        return {}

    def of_name(self, name: str, title: str, source: str, letter: sp.Symbol) -> Theorem | None:
        """What a closed form tends to, from what the root tends to; None if it was not seen.

        Raises
        ------
        VacuousError
            If no numbers satisfy what is assumed.
        """
        known, x = self.known, self.known.variable
        value = known.limits[letter]
        before = {s: e for s, e in known.limits.items() if s != letter}
        growing = Growing(x, known.definitions, before)
        explicit = growing.inserted(letter)
        ring = Ring.of(explicit, (x,))
        ratio = ring.ratio(explicit)
        power, body, below = 0, sp.S.One, dict[sp.Expr, None]()
        for polynomial, sign in ((ratio.numerator, 1), (ratio.denominator, -1)):
            content, factors = ring.factors(polynomial)
            body *= content**sign
            for factor, times in factors:
                scaled, degree = self._scaled(factor)
                power -= sign * degree * times
                if factor != x:
                    body *= scaled ** (sign * times)
                if sign < 0:
                    below[factor] = None
        used = growing.used(letter)
        spelled = (s for s in growing.definitions if s in used and s not in before)
        for part in (p for s in spelled for p in growing.definitions[s].atoms(sp.Pow)):
            if part.exp.is_Integer and part.exp < 0:
                inner = growing.inserted(part.base)
                numerator = Ring.of(inner).ratio(inner).numerator
                below |= dict.fromkeys(f for f, _ in Ring.of(inner).factors(numerator)[1])
        body *= SMALL**power
        moving = [e for e in below if e != x and e.free_symbols & {x, *before}]
        constant = [1 / e for e in below if not e.free_symbols & {x, *before}]
        script, ends = [Line("intros.")], []
        for k, factor in enumerate(moving, 1):
            scaled, degree = self._scaled(factor)
            end = sp.factor(scaled.xreplace({SMALL: sp.S.Zero}).xreplace(dict(growing.limits)))
            if end == 0:
                return None
            ends.append(end)
            script += self._far(k, factor, scaled, degree, end, growing)
        edge = "0" if not moving else _edge(len(moving))
        small = sp.Lambda(SMALL, growing.shown(body))
        script += [
            Line(
                f"apply (tends_beyond {edge} _ (fun {{}} => {{}} (1 / {{}}))); cbv beta.",
                (x, small, x),
            ),
            *_beyond(x, len(moving)),
            Line(f"  {growing.rewriting(used)}field; side. }}}}"),
            Line("eapply tends_equal; [limit | field; side]."),
        ]
        assumed = (before[s] for s in sorted(used & before.keys(), key=str))
        hypotheses = [
            *growing.hypotheses(used),
            *_nonzero([*(1 / e for e in ends), *constant, value, *assumed]),
        ]
        conclusion = growing.tends(letter, value)
        return stated(name, title, source, hypotheses, conclusion, script, growing, {})

    def chain(self) -> dict[sp.Symbol, sp.Expr]:
        """The closed forms that are no polynomials and tend to something, with their limits."""
        known, x = self.known, self.known.variable
        found = {self.root: known.limits[self.root]}
        for letter, e in known.definitions.items():
            growing = Growing(x, known.definitions, found)
            if not e.is_polynomial(*e.free_symbols) and letter in growing.moving:
                try:
                    found[letter] = limit(
                        growing.inserted(letter).xreplace(found), x, infinity=True
                    )
                except DerivationError:
                    continue
        return found

    def _far(
        self, k: int, factor: sp.Expr, scaled: sp.Expr, degree: int, end: sp.Expr, growing: Growing
    ) -> Iterator[Line]:
        """That a factor does not vanish where the parameter is large."""
        x = self.known.variable
        inner = sp.Lambda(SMALL, growing.shown(scaled))
        yield Line(
            f"assert (T_{k} : tends (fun {{}} => {{}} (1 / {{}})) {{}});", (x, inner, x, end)
        )
        yield Line(f"  [cbv beta; eapply tends_equal; [limit | field; side] | cbv beta in T_{k}].")
        yield Line(
            f"destruct (far_nonzero {degree} {{}} (fun {{}} => {{}} (1 / {{}})) {{}})"
            f" as [m_{k} M_{k}];",
            (growing.function(factor), x, inner, x, end),
        )
        yield Line(f"  [intros; cbv beta; field; lra | exact T_{k} | side | cbv beta in M_{k}].")

    def _scaled(self, polynomial: sp.Expr) -> tuple[sp.Expr, int]:
        """A polynomial by its highest power of the parameter, in one over it; with that power."""
        x = self.known.variable
        degree = int(sp.Poly(polynomial, x).degree())
        parts = sp.Poly(polynomial, x).all_coeffs()
        return sp.Add(*(e * SMALL**k for k, e in enumerate(parts))), degree


def _nonzero(expressions: Iterable[sp.Expr]) -> Iterator[Hypothesis]:
    for k, e in enumerate(divisors(expressions), 1):
        yield Hypothesis(f"nonzero_{k}", Relation(e, "<>"))


def _edge(count: int) -> str:
    """The largest of 0 and where the factors stop vanishing."""
    edge = f"m_{count}"
    for k in range(count - 1, 0, -1):
        edge = f"(Rmax m_{k} {edge})"
    return edge


def _beyond(x: sp.Symbol, count: int) -> Iterator[Line]:
    """What is known beyond that edge."""
    yield Line("{{ intros {} L.", (x,))
    for k in range(1, count + 1):
        beyond = f"L_{k}" if k < count else "L"
        if k < count:
            yield Line(f"  apply beyond_both in L as [{beyond} L].")
        yield Line(f"  destruct (M_{k} _ {beyond}) as [P_{k} [N_{k} O_{k}]].")
