"""The roots of the cubic of ``p1``: Cardano's form and the trigonometric one, with their proofs."""

from __future__ import annotations

import sympy as sp

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.ledger import Display, Line
from eqsolve.notated.derivation import Derivation
from eqsolve.operators import InOrder, Kept, plain
from eqsolve.paper.displays.lines import shown

#: Coefficients of the depressed cubic, its discriminant, the amplitude and the angle of the roots.
P, R, DISCRIMINANT, AMPLITUDE, ANGLE, INDEX = sp.symbols("P R D rho psi k", real=True)
REAL_ROOT, ANY_ROOT = sp.symbols("p1_real p1_any", real=True)
NAMES = {
    REAL_ROOT: "p_1",
    ANY_ROOT: "p_1",
    DISCRIMINANT: r"\mathcal{D}",
    ANGLE: r"\psi_k",
    AMPLITUDE: r"\rho",
}
_U, _S, _X, _ROOT = sp.symbols("u s X root", real=True)


def depressed(cubic: sp.Expr) -> tuple[sp.Expr, dict[sp.Symbol, sp.Expr]]:
    """Shift the unknown so that the quadratic term vanishes.

    Returns the shift and the coefficients ``P``, ``R`` of ``u^3 + P u + R``.
    """
    lead, second, *_ = sp.Poly(cubic, mv.p1).all_coeffs()
    shift = -second / (3 * lead)
    shifted = sp.Poly(sp.expand(cubic.subs(mv.p1, _U + shift) / lead), _U)
    return shift, {P: sp.together(shifted.nth(1)), R: sp.together(shifted.nth(0))}


def cardano() -> tuple[sp.Expr, sp.Expr]:
    """The real root of ``u^3 + P u + R`` for a nonnegative discriminant, and the latter.

    With ``u = s + w`` and ``3 s w = -P`` the cubic is a quadratic in ``s^3``.
    """
    resolvent, _ = sp.fraction(sp.together((_U**3 + P * _U + R).subs(_U, _S - P / (3 * _S))))
    powers = sp.Poly(resolvent, _S).as_dict()
    quadratic = sp.Poly({(k // 3,): c for (k,), c in powers.items()}, _X).monic()
    discriminant = sp.expand(quadratic.discriminant() / 4)
    center, root = -quadratic.nth(1) / 2, sp.sqrt(DISCRIMINANT)
    return InOrder(sp.cbrt(center + root), sp.cbrt(center - root)), discriminant


def cardano_residual(root: sp.Expr, discriminant: sp.Expr) -> sp.Expr:
    """``u^3 + P u + R`` at a sum of two cube roots, reduced by what defines the radicals.

    One cube root is a variable ``s``, the other ``-P/(3 s)``: their product is real with cube
    ``(-P/3)^3``, which is checked too. The result is zero if and only if the formula is right.
    """
    first, second = (term.base for term in root.args)
    square = sp.sqrt(DISCRIMINANT)
    product = sp.expand(sp.expand(first * second).subs(DISCRIMINANT, discriminant) + P**3 / 27)
    value, _ = sp.fraction(sp.together((_U**3 + P * _U + R).subs(_U, _S - P / (3 * _S))))
    rest = sp.rem(value, _S**3 - first.subs(square, _ROOT), _S)
    rest = sp.rem(rest, _ROOT**2 - discriminant, _ROOT)
    return sp.expand(rest + _X * product)


def trigonometric() -> tuple[sp.Expr, sp.Expr]:
    """Amplitude and cosine of the tripled angle such that ``u = rho cos(psi)`` is a root.

    ``u^3 + P u`` becomes a multiple of ``cos(3 psi)`` where its two coefficients are in the ratio
    of those of the triple-angle polynomial.
    """
    cosine = sp.Symbol("C", real=True)
    triple = sp.Poly(sp.expand_trig(sp.cos(3 * ANGLE)).subs(sp.cos(ANGLE), cosine), cosine)
    cubic = sp.Poly((AMPLITUDE * cosine) ** 3 + P * AMPLITUDE * cosine, cosine)
    factor = cubic.nth(3) / triple.nth(3)
    condition = sp.cancel((cubic.nth(1) - factor * triple.nth(1)) / AMPLITUDE)
    (square,) = sp.solve(condition.subs(AMPLITUDE**2, _X), _X)
    # the factor 4 is taken out of the root
    return 2 * sp.sqrt(Kept(square / 4)), sp.cancel(-R / (factor / AMPLITUDE**2 * square))


def trigonometric_residual(amplitude: sp.Expr, triple_cosine: sp.Expr) -> sp.Expr:
    """``u^3 + P u + R`` at ``u = rho cos(psi)``, reduced by what defines the two."""
    cosine = sp.Symbol("C", real=True)
    value = (AMPLITUDE * cosine) ** 3 + P * AMPLITUDE * cosine + R
    triple = sp.expand_trig(sp.cos(3 * ANGLE)).subs(sp.cos(ANGLE), cosine) - triple_cosine
    numerator, _ = sp.fraction(sp.together(triple))
    rest, _ = sp.fraction(sp.together(sp.rem(value, numerator, cosine)))
    return sp.expand(sp.rem(rest, AMPLITUDE**2 - plain(amplitude**2), AMPLITUDE))


def root_displays(derivation: Derivation) -> tuple[Display, ...]:
    """The displays of the roots, without number."""
    cubic = derivation.form[mv.p1]
    shift, coefficients = depressed(cubic)
    back = sp.expand(cubic.subs(mv.p1, _U + shift) - mv.C3 * (_U**3 + P * _U + R))
    real, discriminant = cardano()
    amplitude, triple = trigonometric()
    angle = InOrder(sp.acos(triple), 2 * sp.pi * INDEX) / 3
    third = sp.pi * sp.Rational(2, 3)
    period = sp.cos(sp.expand(3 * (ANGLE + third))) - sp.cos(3 * ANGLE)
    return (
        shown(
            "cubic-depressed",
            "depressed cubic",
            Line(_U, InOrder(mv.p1, -shift)),
            Line(InOrder(_U**3, P * _U, R), sp.S.Zero),
            kind="identity",
            let=tuple(Line(name, value) for name, value in coefficients.items()),
            evidence=(Line(back, sp.S.Zero),),
            names=NAMES,
            depends="2.53-2.54",
            prose=r"If $c_3 \neq 0$, a shift removes the quadratic term of the cubic:",
        ),
        shown(
            "cubic-cardano",
            "Cardano's form",
            Line(REAL_ROOT, InOrder(*real.args, shift)),
            let=(Line(DISCRIMINANT, discriminant),),
            evidence=(Line(cardano_residual(real, discriminant), sp.S.Zero),),
            names=NAMES,
            depends="cubic-depressed",
            prose=r"Where $\mathcal{D} > 0$ there is one real root,",
        ),
        shown(
            "cubic-trigonometric",
            "trigonometric form",
            Line(ANY_ROOT, AMPLITUDE * sp.cos(ANGLE) + shift),
            Line(ANGLE, angle),
            let=(Line(AMPLITUDE, amplitude),),
            evidence=(
                Line(trigonometric_residual(amplitude, triple), sp.S.Zero),
                Line(period, sp.S.Zero),
            ),
            names=NAMES,
            depends="cubic-depressed",
            prose=r"Where $\mathcal{D} \leq 0$ and $P < 0$ all roots are real, for $k = 0, 1, 2$,",
        ),
    )
