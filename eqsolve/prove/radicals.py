"""Roots of a cubic by radicals and by angles, as theorems.

Radicals are letters that their powers define, and an angle is one by its cosine: the standard
library's arc cosine rests on the law of excluded middle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp

from eqsolve.ledger import Display
from eqsolve.notated.published import Published
from eqsolve.operators import plain
from eqsolve.prove.script import script
from eqsolve.prove.statement import ForAll, Hypothesis, Joined, Relation, Theorem, identifier

FIRST, SECOND, ROOT, PLACE = sp.symbols("v w m place")

#: The cubic is a product of a linear factor and a sum of squares.
_ONE = """
intros.
assert (product : v * w = - <<P>> / 3).
{ apply cube_equal. replace ((v * w) ^ 3) with (v ^ 3 * w ^ 3) by ring.
  rewrite cube_v, cube_w. replace (<<a>> * <<b>>) with (<<Q>> ^ 2 / 4 - m ^ 2) by field.
  rewrite square_m, <<H_D>>. field. }
assert (different : v <> w) by (intro E; rewrite E in cube_v; lra).
assert (last : <<Q>> = - (v ^ 3 + w ^ 3)) by lra.
assert (second : <<P>> = - 3 * (v * w)) by lra.
assert (whole : <<cubic>> = <<lead>> * ((place - <<X>>) * (((place - <<X>> + v + w + v) ^ 2
  + (place - <<X>> + v + w + w) ^ 2 + (v - w) ^ 2) / 2))).
{ rewrite <<H_X>>.
  transitivity (<<lead>> * ((place - <<h>>) ^ 3 + <<P>> * (place - <<h>>) + <<Q>>)).
  - rewrite <<H_P>>, <<H_Q>>. field; side.
  - rewrite second, last. field; side. }
rewrite whole. split; intro E.
- apply Rmult_integral in E as [E | E]; [contradiction |].
  apply Rmult_integral in E as [E | E]; [lra | exfalso].
  assert (0 < (v - w) ^ 2) by (apply (even_power_positive (v - w) 1); lra).
  pose proof (pow2_ge_0 (place - <<X>> + v + w + v)).
  pose proof (pow2_ge_0 (place - <<X>> + v + w + w)).
  lra.
- rewrite E. field.
"""

#: The angles differ by a third of the circle.
_THREE = """
intros.
assert (unit := sin2_cos2 <<turn0>>). unfold Rsqr in unit.
assert (triple : cos (3 * <<turn0>>) = 4 * cos <<turn0>> ^ 3 - 3 * cos <<turn0>>).
{ replace (3 * <<turn0>>) with (<<turn0>> + <<turn0>> + <<turn0>>) by ring.
  rewrite !cos_plus, sin_plus.
  set (c := cos <<turn0>>) in *. set (s := sin <<turn0>>) in *.
  replace ((c * c - s * s) * c - (s * c + c * s) * s) with (c * (c * c) - 3 * c * (s * s)) by ring.
  replace (s * s) with (1 - c * c) by lra. ring. }
assert (e3 : sqrt 3 * sqrt 3 = 3) by (apply sqrt_sqrt; lra).
replace <<turn1>> with (<<turn0>> + 2 * (PI / 3)) by field.
replace <<turn2>> with (<<turn0>> + (2 * (PI / 3) + 2 * (PI / 3))) by field.
assert (cos_4 : cos (2 * (PI / 3) + 2 * (PI / 3)) = -1 / 2)
  by (rewrite cos_plus, cos_2PI3, sin_2PI3; lra).
assert (sin_4 : sin (2 * (PI / 3) + 2 * (PI / 3)) = - (sqrt 3 / 2))
  by (rewrite sin_plus, cos_2PI3, sin_2PI3; lra).
rewrite !(cos_plus <<turn0>>), cos_4, sin_4, cos_2PI3, sin_2PI3.
set (c := cos <<turn0>>) in *. set (s := sin <<turn0>>) in *. set (e := sqrt 3) in *.
assert (second : <<P>> = - 3 * m ^ 2) by lra.
assert (last : <<Q>> = - (2 * m ^ 3 * (4 * c ^ 3 - 3 * c))).
{ rewrite triple, <<H_rho>>, second in angle. rewrite angle. field. lra. }
transitivity (<<lead>> * ((place - <<h>>) ^ 3 + <<P>> * (place - <<h>>) + <<Q>>)).
- rewrite <<H_P>>, <<H_Q>>. field; side.
- rewrite second, last, <<H_rho>>. set (u := place - <<h>>).
  transitivity (<<lead>> * (u - 2 * m * c) * ((u + m * c) ^ 2 - m ^ 2 * (s * s) * (e * e))).
  + replace (s * s) with (1 - c * c) by lra. rewrite e3. unfold u. field; side.
  + unfold u. field; side.
"""


@dataclass(frozen=True)
class Radicals:
    """A display that gives roots of a cubic.

    Attributes
    ----------
    model : of which the cubic defines a letter.
    """

    display: Display
    model: Published

    def theorem(self) -> Theorem | None:
        """That these are the roots, and that there are no others; None if it is not stated."""
        value = plain(self.display.lines[0].right)
        if self._cubic is None or len(self._depressed) != 2:
            return None
        cubes = [p for p in value.atoms(sp.Pow) if p.exp == sp.Rational(1, 3)]
        if len(cubes) == 2:
            return self._one(sorted(cubes, key=str), value)
        return self._three(value) if len(value.atoms(sp.cos)) == 1 else None

    @cached_property
    def _cubic(self) -> sp.Poly | None:
        """The equation of the letter that is a root."""
        found = [d for d in self.model.derivation.form.definitions if d.is_root]
        polynomial = sp.Poly(found[0].expression, found[0].symbol) if len(found) == 1 else None
        if polynomial is None or polynomial.degree() != 3:
            return None
        return polynomial if all(c.is_Symbol for c in polynomial.all_coeffs()) else None

    @cached_property
    def _depressed(self) -> dict[sp.Symbol, sp.Expr]:
        """The linear and the constant coefficient after a shift, by what comes before."""
        before = {d.number: d for d in self.model.shown}
        lines = [line for number in self.display.depends for line in before[number].let]
        values = {line.left: plain(line.right) for line in lines}
        assert self._cubic is not None
        constant = self._cubic.nth(0)
        return dict(sorted(values.items(), key=lambda row: row[1].has(constant)))

    def _one(self, cubes: list[sp.Pow], value: sp.Expr) -> Theorem | None:
        """The only root, as a sum of two cube roots."""
        roots = {p for cube in cubes for p in cube.base.atoms(sp.Pow) if p.exp == sp.S.Half}
        let = {line.left: plain(line.right) for line in self.display.let}
        if len(roots) != 1 or {p.base for p in roots} != let.keys():
            return None
        (square,), (discriminant,) = roots, let
        first, second = (cube.base.xreplace({square: ROOT}) for cube in cubes)
        name, given = self.display.lines[0].left, value.xreplace(dict(zip(cubes, (FIRST, SECOND))))
        hypotheses = [
            *(_defined(*row) for row in let.items()),
            Hypothesis("square_m", Relation(ROOT**2, "=", discriminant)),
            Hypothesis("positive_m", Relation(ROOT, ">")),
            Hypothesis("cube_v", Relation(FIRST**3, "=", first)),
            Hypothesis("cube_w", Relation(SECOND**3, "=", second)),
            _defined(name, given),
        ]
        only = Joined("<->", (Relation(self._value, "="), Relation(PLACE, "=", name)))
        parts = {"a": first, "b": second, "X": name, "h": given - FIRST - SECOND}
        text = _named(_ONE, H_D=discriminant, H_X=name)
        made = self._made(hypotheses, ForAll((PLACE,), only), text, parts)
        # x^3 + 6 x - 7: the cubes are 8 and -1
        numbers = {ROOT: sp.Rational(9, 2), FIRST: sp.Integer(2), SECOND: sp.S.NegativeOne}
        if first.coeff(ROOT) < 0:
            numbers[FIRST], numbers[SECOND] = numbers[SECOND], numbers[FIRST]
        return self._witnessed(made, (-7, 6, 0, 1), numbers, {**let, name: given})

    def _three(self, value: sp.Expr) -> Theorem | None:
        """All roots, by three angles."""
        (cosine,) = value.atoms(sp.cos)
        (psi,) = cosine.args
        angles = [line.right for line in self.display.lines if line.left == psi]
        (amplitude,), (angle,) = self.display.let, map(plain, angles)
        (square,) = (p for p in amplitude.right.atoms(sp.Pow) if p.exp == sp.S.Half)
        (arc,) = angle.atoms(sp.acos)
        (index,) = angle.free_symbols - arc.free_symbols
        turns = [angle.xreplace({index: sp.Integer(k)}) - arc / 3 for k in range(3)]
        rho, size = amplitude.left, amplitude.right.xreplace({square: ROOT})
        hypotheses = [
            Hypothesis("square_m", Relation(ROOT**2, "=", plain(square.base))),
            Hypothesis("positive_m", Relation(ROOT, ">")),
            _defined(rho, size),
            Hypothesis("angle", Relation(sp.cos(3 * psi), "=", arc.args[0])),
        ]
        roots = [value.xreplace({cosine: sp.cos(psi + turn, evaluate=False)}) for turn in turns]
        factors = sp.Mul(self._lead, *(PLACE - root for root in roots))
        parts = {f"turn{k}": psi + turn for k, turn in enumerate(turns)}
        parts["h"] = value.xreplace({cosine: sp.S.Zero})
        conclusion = ForAll((PLACE,), Relation(self._value, "=", factors))
        made = self._made(hypotheses, conclusion, _named(_THREE, H_rho=rho), parts)
        # x^3 - 3 x - 2: the angle is 0
        numbers = {ROOT: sp.S.One, psi: sp.S.Zero}
        return self._witnessed(made, (-2, -3, 0, 1), numbers, {rho: size})

    @property
    def _lead(self) -> sp.Symbol:
        assert self._cubic is not None
        return self._cubic.LC()

    @property
    def _value(self) -> sp.Expr:
        """The cubic at any place."""
        assert self._cubic is not None
        return self._cubic.as_expr().xreplace({self._cubic.gen: PLACE})

    def _made(
        self,
        hypotheses: Iterable[Hypothesis],
        conclusion: ForAll,
        text: str,
        parts: Mapping[str, sp.Expr],
    ) -> Theorem:
        linear, constant = self._depressed
        text = _named(text, H_P=linear, H_Q=constant)
        own = {"P": linear, "Q": constant, "lead": self._lead, "cubic": self._value}
        assumed = (
            *(_defined(*row) for row in self._depressed.items()),
            *hypotheses,
            Hypothesis("nonzero", Relation(self._lead, "<>")),
        )
        name, title = identifier(self.display.number), self.display.title
        return Theorem(name, title, assumed, conclusion, script(text, {**own, **parts}))

    def _witnessed(
        self,
        made: Theorem,
        coefficients: Sequence[int],
        numbers: Mapping[sp.Symbol, sp.Expr],
        definitions: Mapping[sp.Symbol, sp.Expr],
    ) -> Theorem:
        """The theorem with numbers at which it is about a certain cubic, from its constant on."""
        assert self._cubic is not None
        letters = reversed(self._cubic.all_coeffs())
        chosen: dict[sp.Symbol, sp.Expr] = dict(zip(letters, map(sp.Integer, coefficients)))
        chosen |= numbers
        for letter, e in {**self._depressed, **definitions}.items():
            chosen[letter] = e.xreplace(chosen)
        return replace(made, witness=chosen)


def _defined(letter: sp.Symbol, value: sp.Expr) -> Hypothesis:
    return Hypothesis(f"H_{letter.name}", Relation(letter, "=", value))


def _named(text: str, **letters: sp.Symbol) -> str:
    """A proof with the names of the hypotheses that define letters."""
    for place, letter in letters.items():
        text = text.replace(f"<<{place}>>", identifier(f"H_{letter.name}"))
    return text
