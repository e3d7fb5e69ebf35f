"""Lemmas on the cubic in the units ``z = B p1``, ``s = s2/B^2``, ``w = beta/(gamma kappa)``.

There an admissible root satisfies ``w D1 D2 = Phi(z)``, ``Phi = (z + r) b + E1 s z D1`` with
``b = D1 - D2 = r + z + s z^2``, and ``Delta = B^2 (b + s E1 D1)``.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from eqsolve.paper.claims.exact import lam, r
from eqsolve.paper.proofs.cubic import HORIZON, INTEREST
from eqsolve.prove.script import script, stated
from eqsolve.prove.statement import Exists, Hypothesis, Joined, Maker, Relation, Theorem

s, v, w, y, z = sp.symbols("s v w y z")
#: What is assumed of the parameters.
UNITS = (INTEREST, HORIZON, Hypothesis("positive_s", Relation(s, ">")))
SHARE = Hypothesis("share", Relation(w, ">="))


def gap(at: sp.Expr) -> sp.Expr:
    """``D1 - D2``."""
    return r + at + s * at**2


def first(at: sp.Expr) -> sp.Expr:
    """``D1``."""
    return lam - r - at


def second(at: sp.Expr) -> sp.Expr:
    """``D2``."""
    return lam - 2 * r - 2 * at - s * at**2


def phi(at: sp.Expr) -> sp.Expr:
    """What ``w D1 D2`` is at a root."""
    return (at + r) * gap(at) + (lam - r) * s * at * first(at)


def solves(at: sp.Expr, share: sp.Symbol = w) -> Relation:
    """That it is a root."""
    return Relation(share * first(at) * second(at), "=", phi(at))


def theorems() -> Iterator[Maker]:
    """Makers of the lemmas."""
    yield _behind
    yield _turning
    yield _rising
    yield _one
    yield _some


def _behind() -> Theorem:
    return stated(
        "root_is_at_least_minus_r",
        "Where Delta > 0 and Phi >= 0, z >= -r",
        (
            *UNITS,
            Hypothesis("positive_Delta", Relation(gap(z) + (lam - r) * s * first(z), ">")),
            Hypothesis("phi", Relation(phi(z), ">=")),
        ),
        Relation(-r, "<=", z),
        script(
            """
destruct (Rlt_le_dec z (- r)) as [N | N]; [exfalso | exact N].
assert (0 <= (lambda - r) * s * r * (lambda - r - z)) by (repeat apply Rmult_le_pos; lra).
assert (0 < (- r - z) * <<delta>>) by (apply Rmult_lt_0_compat; lra).
lra.
""",
            {"delta": gap(z) + (lam - r) * s * first(z)},
        ),
    )


def _turning() -> Theorem:
    return stated(
        "second_moment_falls_at_a_root",
        "Where -r <= z < 0 and Phi >= 0, D2 decreases in z",
        (
            HORIZON,
            Hypothesis("lower", Relation(-r, "<=", z)),
            Hypothesis("negative", Relation(z, "<")),
            Hypothesis("phi", Relation(phi(z), ">=")),
        ),
        Relation(1 + s * z, ">"),
        script("""
destruct (Rlt_le_dec 0 (1 + s * z)) as [M | M]; [lra | exfalso].
assert (0 <= (z + r) * (r + z) * (- (1 + s * z))) by (repeat apply Rmult_le_pos; lra).
assert (0 < s * - z) by nra.
assert ((z + r) * (r + z + s * z ^ 2) <= s * - z * ((z + r) * r)) by nra.
assert (s * - z * ((z + r) * r) < s * - z * ((lambda - r) * (lambda - r - z))).
{ apply Rmult_lt_compat_l; [assumption | nra]. }
lra.
"""),
        point={r: sp.S.One, lam: sp.Integer(3), s: sp.Rational(1, 8), z: -sp.Rational(1, 16)},
    )


def _rising() -> Theorem:
    return stated(
        "Phi_over_D1_rises",
        "Phi/D1 increases in z beyond -r",
        (
            *UNITS,
            Hypothesis("lower", Relation(-r, "<=", y)),
            Hypothesis("order", Relation(y, "<", z)),
            Hypothesis("large_D1", Relation(r, "<", first(z))),
        ),
        Relation(phi(y) * first(z), "<", phi(z) * first(y)),
        script("""
set (D := lambda - r - z). assert (r < D) by (unfold D; lra). assert (0 < z - y) by lra.
assert (0 <= (y + z + 2 / 3 * r) ^ 2) by apply pow2_ge_0.
assert (0 <= (y - z) ^ 2) by apply pow2_ge_0.
assert (r * r < (lambda - r) * (lambda - r - y)) by (apply Rmult_le_0_lt_compat; lra).
assert (0 < s * D) by (apply Rmult_lt_0_compat; lra).
assert (0 <= r * r) by nra.
assert (0 < s * D * (3 / 4 * (y + z + 2 / 3 * r) ^ 2 + (y - z) ^ 2 / 4 +
    ((lambda - r) * (lambda - r - y) - r ^ 2 / 3))) by (apply Rmult_lt_0_compat; lra).
assert (0 <= D * (r + z + (y + r))) by (apply Rmult_le_pos; lra).
assert (0 <= s * z ^ 2) by (apply Rmult_le_pos; [lra | apply pow2_ge_0]).
assert (0 <= (z + r) * (r + z + s * z ^ 2)) by (apply Rmult_le_pos; lra).
assert (0 < (z - y) * (D * (r + z + (y + r)) + (z + r) * (r + z + s * z ^ 2) +
    s * D * (3 / 4 * (y + z + 2 / 3 * r) ^ 2 + (y - z) ^ 2 / 4 +
      ((lambda - r) * (lambda - r - y) - r ^ 2 / 3)))) by (apply Rmult_lt_0_compat; lra).
unfold D in *. lra.
"""),
    )


def _one() -> Theorem:
    half = sp.Rational(1, 2)
    return stated(
        "roots_beyond_minus_r_rise_with_w",
        "An admissible root beyond -r rises with w, so there is at most one at a time",
        (
            *UNITS,
            SHARE,
            Hypothesis("not_more", Relation(v, "<=", w)),
            Hypothesis("lower", Relation(-r, "<=", y)),
            Hypothesis("admissible_y", Relation(second(y), ">")),
            Hypothesis("admissible_z", Relation(second(z), ">")),
            Hypothesis("root_y", solves(y)),
            Hypothesis("root_z", solves(z, v)),
        ),
        Relation(z, "<=", y),
        script(
            """
destruct (Rlt_le_dec y z) as [order | N]; [exfalso | exact N].
assert (0 <= s * z ^ 2) by (apply Rmult_le_pos; [lra | apply pow2_ge_0]).
assert (0 <= s * y ^ 2) by (apply Rmult_le_pos; [lra | apply pow2_ge_0]).
assert (0 < lambda - r - z) by lra. assert (0 < lambda - r - y) by lra.
assert (0 <= <<left>>) by (repeat apply Rmult_le_pos; lra).
assert (U : <<rising>>)
  by (apply Phi_over_D1_rises; lra).
assert (<<fall>> <= <<before>>) as V.
{ destruct (Rlt_le_dec y 0) as [N | N].
  - pose proof (second_moment_falls_at_a_root lambda r s y
      ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra)) as T.
    assert (0 <= (z - y) * (1 + s * y)) by (apply Rmult_le_pos; lra).
    assert (0 <= s * (z - y) ^ 2) by (apply Rmult_le_pos; [lra | apply pow2_ge_0]). lra.
  - assert (0 <= s * ((z - y) * (z + y))) by (repeat apply Rmult_le_pos; lra). lra. }
assert (0 <= w * ((lambda - r - y) * (lambda - r - z)) * (<<before>> - <<fall>>))
  by (repeat apply Rmult_le_pos; lra).
assert (0 <= (w - v) * (<<first>> * <<fall>>)) by (repeat apply Rmult_le_pos; lra).
assert (0 <= (w - v) * (<<first>> * <<fall>>) * (lambda - r - y))
  by (repeat apply Rmult_le_pos; lra).
rewrite <- root_y, <- root_z in U. lra.
""",
            {
                "left": solves(y).left,
                "rising": Relation(phi(y) * first(z), "<", phi(z) * first(y)),
                "first": first(z),
                "fall": second(z),
                "before": second(y),
            },
        ),
        point={y: half, z: half, lam: sp.Integer(3), r: half, s: half},
    )


def _some() -> Theorem:
    return stated(
        "a_root_beyond_minus_r_exists",
        "An admissible root is beyond -r",
        (*UNITS, SHARE),
        Exists((z,), Joined("/\\", (Relation(-r, "<=", z), Relation(second(z), ">"), solves(z)))),
        script("""
destruct (edges (lambda - 2 * r) 1 s) as [m [u [[M U] [[P Q] F]]]]; [lra .. |].
assert (forall z, lambda - 2 * r - 2 * z - s * z ^ 2 = s * ((z - m) * (u - z))) as G
  by (intro z; rewrite <- F; ring).
set (f := fun z => w * (lambda - r - z) * (lambda - 2 * r - 2 * z - s * z ^ 2) -
  ((z + r) * (r + z + s * z ^ 2) + (lambda - r) * s * z * (lambda - r - z))).
assert (continuity f) as C by (unfold f; reg).
assert (forall z, lambda - 2 * r - 2 * z - s * z ^ 2 = 0 ->
  f z = - ((r + z + s * z ^ 2) ^ 2 * (1 + s * z))) as A.
{ intros z E. unfold f. rewrite E. replace lambda with (2 * r + 2 * z + s * z ^ 2) by lra. ring. }
assert (forall z, lambda - 2 * r - 2 * z - s * z ^ 2 = 0 -> 0 < (r + z + s * z ^ 2) ^ 2) as B.
{ intros z E. assert (0 < (lambda + s * z ^ 2) / 2) by positive.
  replace (r + z + s * z ^ 2) with ((lambda + s * z ^ 2) / 2) by lra. positive. }
pose proof (A m ltac:(rewrite G; ring)) as Am. pose proof (B m ltac:(rewrite G; ring)) as Bm.
pose proof (A u ltac:(rewrite G; ring)) as Au. pose proof (B u ltac:(rewrite G; ring)) as Bu.
assert (0 < f m) by (rewrite Am; nra). assert (f u < 0) by (rewrite Au; nra).
assert (exists a, a < u /\\ m <= a /\\ - r <= a /\\ 0 <= f a) as [a [A1 [A2 [A3 A4]]]].
{ destruct (Rlt_le_dec m (- r)) as [N | N].
  - exists (- r). repeat split; try lra. unfold f.
    assert (0 <= lambda - 2 * r - 2 * - r - s * (- r) ^ 2) by (rewrite G; not_negative).
    assert (0 <= w * (lambda - r - - r) * (lambda - 2 * r - 2 * - r - s * (- r) ^ 2))
      by not_negative.
    assert (0 <= (lambda - r) * s * r * (lambda - r - - r)) by not_negative. lra.
  - exists m. lra. }
destruct (root_between f a u C A1 A4 ltac:(assumption)) as [z [[Z1 Z2] E]].
assert (m < z).
{ destruct (Rtotal_order m z) as [K | [K | K]]; [exact K | subst; lra | lra]. }
assert (0 < lambda - 2 * r - 2 * z - s * z ^ 2) by (rewrite G; positive).
exists z. unfold f in E. repeat split; lra.
"""),
    )
