"""Lines of displays with expectations and integrals over time, as theorems.

Outcomes, paths and an expectation are letters of the theorems: it is linear, and that of a constant
is the constant. Dynkin's formula is assumed as the motion of an expectation: its derivative in time
is the expectation of the generator. An integral over time is the function that begins at 0 and has
the expected integrand as derivative; one without end is a limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.derivation.identity import GeneralHJB
from eqsolve.ledger import Display
from eqsolve.notated.derivation import Derivation
from eqsolve.operators import Expectation, plain
from eqsolve.prove.along import EXPECTED, OUTCOME, START, TIME, Along, discount, moves
from eqsolve.prove.observed import Motion, Observed, Part
from eqsolve.prove.statement import (
    ForAll,
    Has,
    Hypothesis,
    Joined,
    Line,
    Relation,
    Slope,
    Statement,
    Tends,
    Theorem,
    identifier,
)

LATER = "later"


@dataclass(frozen=True)
class Expected:
    """A line of a display that has expectations along paths.

    Attributes
    ----------
    name : of the theorem.
    left, right : of the line.
    display : of which the line is one.
    """

    name: str
    left: sp.Expr
    right: sp.Expr
    display: Display
    derivation: Derivation

    def theorem(self) -> Theorem | None:
        """The theorem; None if the line does not follow.

        Raises
        ------
        NotStatedError
            If something in the line has no statement.
        """
        for one in self._observed():
            motion = self._motion(one)
            if motion is not None:
                return self._stated(motion)
        return None

    @cached_property
    def along(self) -> Along:
        """The paths, and the expectations of the line."""
        hjb = self.derivation.hjb
        applied = plain(self.left - self.right).atoms(AppliedUndef)
        return Along(hjb.game.state_symbols, hjb.control, any(START in f.args for f in applied))

    @cached_property
    def sides(self) -> tuple[sp.Expr, sp.Expr]:
        """Both sides, with tokens for expectations."""
        return self.along.said(self.left), self.along.said(self.right)

    @cached_property
    def defined(self) -> dict[sp.Symbol, sp.Expr]:
        """What letters of the line are that the display defines by expectations."""
        used = set().union(*(e.free_symbols for e in self.sides))
        return {
            s: self.along.said(e)
            for s, e in self.display.values.items()
            if s in used and e.has(Expectation)
        }

    def _observed(self) -> Iterator[Observed]:
        """What is expected at the end, under the control or under one that the line names.

        If nothing is expected there, it is the function at the start.
        """
        _ = self.sides, self.defined  # the paths know now which expectations there are
        along = self.along
        hjb = GeneralHJB.of(self.derivation.hjb.problem, START if along.moving else None)
        value, name = along.content or (plain(self.left), "")
        parts: tuple[Part, ...] = ()
        if not value.has(AppliedUndef):
            value, parts = self._explicit(value, hjb)
            name = value.func.__name__
        payoff = {f: m.payoff for m, f in hjb.moments.items()}
        if along.moving:
            payoff = {sp.expand(hjb.function("V") - hjb.value): sp.S.Zero}
        applied = hjb.applied(value).doit()
        foreign = set().union(*(e.free_symbols for e in along.integrals))
        foreign -= {*applied.free_symbols, *self.derivation.form.parameters, *along.states}
        for control in (hjb.control, *sorted(foreign, key=str)):
            yield Observed(
                identifier(name or value.func.__name__),
                along.lettered(value),
                along.lettered(applied.xreplace({hjb.control: control})),
                parts,
                payoff.get(sp.expand(value)),
            )

    def _explicit(self, value: sp.Expr, hjb: GeneralHJB) -> tuple[sp.Expr, tuple[Part, ...]]:
        """A letter for a function that is given, and those for its derivatives."""
        along = self.along
        letter = sp.Function("f")(*along.arguments)
        shown = hjb.applied(letter).atoms(sp.Derivative)
        parts = [Part((), letter, value)]
        for d in sorted(shown, key=lambda d: (len(d.variables), str(d))):
            by = tuple(d.variables)
            parts.append(Part(by, along.lettered(d), sp.diff(value, *by)))
        return letter, tuple(parts)

    def _motion(self, one: Observed) -> Motion | None:
        """Why the line holds; None if it does not."""
        along = self.along
        gap = (self.sides[0] - self.sides[1]).xreplace(self.defined)
        weight = sp.diff(gap, along.token)
        if along.content is None:
            weight = -sp.diff(gap, one.value)
            gap += weight * along.token
        still = {along.token: one.spelled(one.value)}
        still |= dict.fromkeys(along.integrals.values(), sp.S.Zero)
        if weight == 0 or sp.expand(gap.xreplace(still)) != 0:
            return None
        inflow = {e: sp.diff(gap, token) for e, token in along.integrals.items()}
        flow = sp.Add(*(factor * e for e, factor in inflow.items()))
        moves = weight * (one.rate - along.rate * one.value) + flow
        if sp.expand(one.spelled(moves)) == 0:
            return Motion(one, gap, weight, inflow, False)
        if one.payoff is None or sp.expand(flow - weight * along.rate * one.payoff) != 0:
            return None
        return Motion(one, gap, weight, inflow, True)

    def _stated(self, motion: Motion) -> Theorem:
        along, end = self.along, self.along.end
        assert end is not None
        left, right = (along.shown(e, TIME if end == sp.oo else end) for e in self.sides)
        conclusion: Statement = Relation(left, "=", right)
        hypotheses = [*self._assumed(motion)]
        if end == sp.oo:
            conclusion = Tends(right, TIME, left)
            at_end = along.discounted(motion.observed.value, TIME)
            hypotheses.append(Hypothesis("transversality", Tends(at_end, TIME, sp.S.Zero)))
        else:
            hypotheses.append(Hypothesis(LATER, Relation(START, "<=", end)))
        made = Theorem(
            self.name,
            self.display.title,
            tuple(hypotheses),
            conclusion,
            (Line("intros."), *self._script(motion)),
            source=self.display.tag,
            types=along.types,
        )
        return replace(made, witness=self._witness(made, motion))

    def _assumed(self, motion: Motion) -> Iterator[Hypothesis]:
        """What expectations, paths and integrals are, and how they move."""
        along, one = self.along, motion.observed
        yield Hypothesis("linear", Has("expects", EXPECTED))
        yield from along.begins()
        for letter, e in self.defined.items():
            yield Hypothesis(f"H_{letter}", Relation(letter, "=", along.shown(e, along.end)))
        for part in one.parts:
            if part.by:
                last = part.by[-1]
                slope = Slope(one.before(part).letter, last, last, part.letter)
                yield Hypothesis(f"slope_{part.name}", ForAll(along.arguments, slope))
            else:
                claim = Relation(part.letter, "=", part.value)
                yield Hypothesis(f"H_{part.name}", ForAll(along.arguments, claim))
        value, rate = (along.expected(e, TIME) for e in (one.value, one.rate))
        yield Hypothesis(f"dynkin_{one.name}", moves(value, rate))
        if motion.equation:
            assert one.payoff is not None
            claim = Relation(one.rate - along.rate * (one.value - one.payoff), "=")
            yield Hypothesis(f"equation_{one.name}", ForAll(along.arguments, claim))
        yield from along.accumulated()

    def _script(self, motion: Motion) -> Iterator[Line]:
        """What is 0 at the start does not move."""
        along, one, end = self.along, motion.observed, self.along.end
        assert end is not None
        later = along.discounted(one.value, TIME)
        gap = along.shown(motion.gap.xreplace({along.token: later}), TIME)
        integrals = [f.__name__ for f in along.letters.values()]
        yield from self._values(one)
        yield from self._begins(one)
        stays = Joined("->", (Relation(START, "<=", TIME), Relation(gap, "=")))
        yield Line("assert (stays : {}).", (ForAll((TIME,), stays),))
        yield Line("{{ apply (stays_0 {} {}).", (START, sp.Lambda(TIME, gap)))
        yield Line("  - intros {} after.", (TIME,))
        yield from self._flow(motion)
        for name in (f"dynkin_{one.name}", *(f"slope_{f}" for f in integrals)):
            yield Line(f"    specialize ({name} {{}} after).", (TIME,))
        yield Line("    eapply from_equal; [slope_from | cbv beta; rewrite ?flow; ring].")
        begins = "".join(f", ?begins_{name}" for name in integrals)
        yield Line(f"  - rewrite begins{begins}. at_zero. ring. }}}}")
        if end == sp.oo:
            left, right = self.sides
            body = sp.Lambda(TIME, left + motion.weight * later)
            yield Line("apply (tends_beyond {} _ {}); cbv beta.", (START, body))
            yield Line("{{ intros {} far. apply Rminus_diag_uniq.", (TIME,))
            yield Line("  transitivity (- {}); [ring | rewrite stays by lra; ring]. }}", (gap,))
            yield Line("eapply tends_equal; [limit | ring].")
            return
        defined = ", ".join(f"?H_{identifier(s.name)}" for s in self.defined)
        yield Line(f"rewrite {defined}." if defined else "apply Rminus_diag_uniq.")
        if defined:
            yield Line("apply Rminus_diag_uniq.")
        yield Line(f"specialize (stays {{}} {LATER}).", (end,))
        if not end.is_Symbol and along.rate != 0:
            long = (discount(along.rate, end), along.rate, end, START)
            yield Line("replace {} with (exp (- {} * ({} - {}))) by (f_equal; ring).", long)
        yield Line("rewrite <- stays. ring.")

    def _values(self, one: Observed) -> Iterator[Line]:
        """That the derivatives of an explicit function are those by structure."""
        along = self.along
        for part in one.parts:
            if not part.by:
                continue
            before, last = one.before(part), part.by[-1]
            known = f"value_{before.name}" if before.by else f"H_{before.name}"
            claim = ForAll(along.arguments, Relation(part.letter, "=", part.value))
            functions = (sp.Lambda(last, before.letter), sp.Lambda(last, before.value), last)
            cleared = " ".join("clear dependent {}." for _ in along.arguments)
            yield Line(f"assert (value_{part.name} : {{}}).", (claim,))
            yield Line(f"{{{{ {cleared} intros.", along.arguments)
            yield Line("    apply (slope_unique {} {} {});", functions)
            yield Line(f"    slope_by {known} slope_{part.name}. }}}}")
        if one.parts:
            shown, value = (self.along.expected(e, TIME) for e in (one.parts[0].value, one.value))
            same = ForAll((TIME,), Relation(shown, "=", value))
            yield Line("assert (same : {}).", (same,))
            yield Line("{{ intro. apply expected_equal. intro.")
            yield Line(f"    rewrite H_{one.name}. reflexivity. }}}}")
            yield Line("rewrite same.")

    def _begins(self, one: Observed) -> Iterator[Line]:
        """What is expected at the start."""
        value = Relation(self.along.expected(one.value, START), "=", one.spelled(one.value))
        names = [f"begins_{path.__name__}" for path in self.along.paths.values()]
        names += [f"H_{part.name}" for part in one.parts if not part.by]
        yield Line("assert (begins : {}).", (value,))
        yield Line("{{ apply (expected_constant expectation); [exact linear | intro].")
        yield Line(f"  rewrite {', '.join(f'?{name}' for name in names)}. ring. }}}}")

    def _flow(self, motion: Motion) -> Iterator[Line]:
        """The expected rate, by what it is for all states."""
        along, one = self.along, motion.observed
        terms = [(along.rate, one.value)]
        terms += [(-factor / motion.weight, e) for e, factor in motion.inflow.items()]
        terms += [(sp.S.Zero, one.value)] * (3 - len(terms))
        total = sp.Add(*(k * along.expected(e, TIME) for k, e in terms if k != 0))
        flow = Relation(along.expected(one.rate, TIME), "=", total)
        numbers = tuple(k for k, _ in terms)
        functions = tuple(sp.Lambda(OUTCOME, along.on_paths(e, TIME)) for _, e in terms)
        yield Line("    assert (flow : {}).", (flow,))
        yield Line(
            "    {{ rewrite (expected_sum expectation {} {} {} _ {} {} {} linear).",
            (*numbers, *functions),
        )
        yield Line("      - ring.")
        values = ", ".join(f"?value_{part.name}" for part in one.parts if part.by)
        values = f"rewrite {values}, ?H_{one.name}. " if one.parts else ""
        yield Line(f"      - intro {{}}. {values}".rstrip(), (OUTCOME,))
        if motion.equation:
            at = tuple(along.on_paths(argument, TIME) for argument in along.arguments)
            places = " ".join("{}" for _ in at)
            yield Line("        apply Rminus_diag_uniq. etransitivity;")
            yield Line(
                f"          [| exact (equation_{one.name} {places})]. multiply_out. }}}}", at
            )
        else:
            yield Line("        multiply_out. }}")

    def _witness(self, theorem: Theorem, motion: Motion) -> dict[Any, Any]:
        """Nothing moves: the states begin and stay at 0."""
        along, one = self.along, motion.observed
        zero = {*along.states, START, *(along.end.free_symbols if along.end is not None else ())}
        chosen: dict[Any, Any] = {
            s: sp.S.Zero if s in zero or s in self.defined else sp.S.One for s in theorem.letters
        }
        meant = {part.letter.func: sp.Lambda(along.arguments, part.value) for part in one.parts}
        if motion.equation and isinstance(one.value, AppliedUndef):
            meant[one.value.func] = sp.Lambda(along.arguments, one.payoff)
        for f, count in theorem.functions.items():
            free = sp.symbols(f"x1:{count + 1}")
            chosen[f] = meant.get(f, sp.Lambda(free, sp.S.Zero))
        return {**chosen, EXPECTED: "fun f => f tt"}
