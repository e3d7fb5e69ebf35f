"""Which admissible root of the cubic is singled out by Delta > 0: one, and it has the largest B p1.

The proof is in the units ``z = B p1``, ``s = s2/B^2``, ``w = beta/(gamma kappa)``. There an
admissible root satisfies ``w D1 D2 = Phi(z)``, ``Phi = (z + r) b + E1 s z D1`` with
``b = D1 - D2 = r + z + s z^2``, and ``Delta = B^2 (b + s E1 D1)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import sympy as sp

from eqsolve.paper.claims.exact import B, beta, gamma, kappa, lam, r, s2
from eqsolve.paper.proofs.cubic import (
    AVERSION,
    E1,
    HORIZON,
    INTEREST,
    OWN_WEIGHT,
    VARIANCE,
    WEIGHT,
    Cubic,
    p,
    q,
    x,
)
from eqsolve.prove.script import applied, script, stated
from eqsolve.prove.statement import (
    Exists,
    ForAll,
    Hypothesis,
    Joined,
    Line,
    Maker,
    Relation,
    Theorem,
)
from eqsolve.symbolic.derivation import Derivation

s, w, y, z, root = sp.symbols("s w y z root")
#: What is assumed of the parameters, before and after the change of units.
ASSUMED = (INTEREST, HORIZON, VARIANCE, AVERSION, OWN_WEIGHT, WEIGHT)
UNITS = (INTEREST, HORIZON, Hypothesis("positive_s", Relation(s, ">")))
SHARE = Hypothesis("share", Relation(w, ">="))


def _gap(at: sp.Expr) -> sp.Expr:
    return r + at + s * at**2


def _first(at: sp.Expr) -> sp.Expr:
    return lam - r - at


def _second(at: sp.Expr) -> sp.Expr:
    return lam - 2 * r - 2 * at - s * at**2


def _phi(at: sp.Expr) -> sp.Expr:
    return (at + r) * _gap(at) + (lam - r) * s * at * _first(at)


def _solves(at: sp.Expr) -> Relation:
    return Relation(w * _first(at) * _second(at), "=", _phi(at))


def theorems(derivation: Derivation) -> Iterator[Maker]:
    """Lemmas in those units, and what they say of the cubic."""
    cubic = Cubic(derivation)
    yield _behind
    yield _turning
    yield _rising
    yield _one
    yield _some
    yield partial(_largest, cubic)
    yield partial(_selected, cubic)
    yield partial(_without_interest, cubic)
    yield partial(_small_drift, cubic)


def _behind() -> Theorem:
    return stated(
        "root_is_at_least_minus_r",
        "Where Delta > 0 and Phi >= 0, z >= -r",
        (
            *UNITS,
            Hypothesis("positive_D1", Relation(_first(z), ">")),
            Hypothesis("positive_Delta", Relation(_gap(z) + (lam - r) * s * _first(z), ">")),
            Hypothesis("phi", Relation(_phi(z), ">=")),
        ),
        Relation(-r, "<=", z),
        script(
            """
destruct (Rlt_le_dec z (- r)) as [N | N]; [exfalso | exact N].
assert (0 <= (lambda - r) * s * r * (lambda - r - z)) by (repeat apply Rmult_le_pos; lra).
assert (0 < (- r - z) * <<delta>>) by (apply Rmult_lt_0_compat; lra).
lra.
""",
            {"delta": _gap(z) + (lam - r) * s * _first(z)},
        ),
    )


def _turning() -> Theorem:
    return stated(
        "second_moment_falls_at_a_root",
        "Where -r <= z < 0 and Phi >= 0, D2 decreases in z",
        (
            *UNITS,
            Hypothesis("lower", Relation(-r, "<=", z)),
            Hypothesis("negative", Relation(z, "<")),
            Hypothesis("phi", Relation(_phi(z), ">=")),
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
            Hypothesis("large_D1", Relation(r, "<", _first(z))),
        ),
        Relation(_phi(y) * _first(z), "<", _phi(z) * _first(y)),
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
        "one_root_beyond_minus_r",
        "At most one admissible root is beyond -r",
        (
            *UNITS,
            SHARE,
            Hypothesis("lower", Relation(-r, "<=", y)),
            Hypothesis("admissible_y", Relation(_second(y), ">")),
            Hypothesis("admissible_z", Relation(_second(z), ">")),
            Hypothesis("root_y", _solves(y)),
            Hypothesis("root_z", _solves(z)),
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
      ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra)) as T.
    assert (0 <= (z - y) * (1 + s * y)) by (apply Rmult_le_pos; lra).
    assert (0 <= s * (z - y) ^ 2) by (apply Rmult_le_pos; [lra | apply pow2_ge_0]). lra.
  - assert (0 <= s * ((z - y) * (z + y))) by (repeat apply Rmult_le_pos; lra). lra. }
assert (0 <= w * ((lambda - r - y) * (lambda - r - z)) * (<<before>> - <<fall>>))
  by (repeat apply Rmult_le_pos; lra).
rewrite <- root_y, <- root_z in U. lra.
""",
            {
                "left": _solves(y).left,
                "rising": Relation(_phi(y) * _first(z), "<", _phi(z) * _first(y)),
                "fall": _second(z),
                "before": _second(y),
            },
        ),
        point={y: half, z: half, lam: sp.Integer(3), r: half, s: half},
    )


def _some() -> Theorem:
    return stated(
        "a_root_beyond_minus_r_exists",
        "An admissible root is beyond -r",
        (*UNITS, SHARE),
        Exists((z,), Joined("/\\", (Relation(-r, "<=", z), Relation(_second(z), ">"), _solves(z)))),
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


#: The change of units at a letter: what is a root in one of them is one in the other.
_UNITS = """
set (s := s2 / B ^ 2). set (w := beta / (gamma * kappa)).
assert (gamma * kappa * B <> 0) as K by (repeat apply Rmult_integral_contrapositive_currified; lra).
assert (0 < gamma * kappa) by positive. assert (0 < B ^ 2) by positive.
assert (s > 0) by (unfold s; positive).
assert (w >= 0) by (apply Rle_ge; unfold w; not_negative).
assert (forall x, s * (B * x) ^ 2 = s2 * x ^ 2) as S by (intro; unfold s; field; exact NB).
assert (units : <<units>>).
{ intro x. unfold s, w. rewrite H_C0, H_C1, H_C2, H_C3, H_E0, H_E1. field. repeat split; lra. }
"""


def _changed(cubic: Cubic) -> tuple[Line, ...]:
    units = ForAll((x,), Relation(_scaled(x), "=", cubic.value(x)))
    return script(_UNITS, {"units": units})


def _scaled(at: sp.Expr) -> sp.Expr:
    return gamma * kappa * B * (w * _first(B * at) * _second(B * at) - _phi(B * at))


def _largest(cubic: Cubic) -> Theorem:
    then = Relation(B * q, "<=", B * p)
    return stated(
        "largest_B_p1_where_Delta_is_positive",
        "An admissible root with Delta > 0 has the largest B p1 of all admissible roots",
        (*cubic.definitions, *ASSUMED),
        ForAll(
            (p,),
            Joined(
                "->",
                (cubic.admissible(p), cubic.root(p), cubic.outstanding(p), cubic.every(q, then)),
            ),
        ),
        (
            *script("""
intros p Dp Rp P q Dq Rq.
destruct (Rlt_le_dec (B * p) (B * q)) as [L | L]; [exfalso | lra].
assert (B <> 0) as NB by (intro Z; rewrite Z in L; lra).
"""),
            *_changed(cubic),
            *script(
                """
pose proof (units p) as Up. rewrite Rp in Up. pose proof (units q) as Uq. rewrite Rq in Uq.
apply Rmult_integral in Up as [Up | Up], Uq as [Uq | Uq]; try (exfalso; apply K; lra).
pose proof (S p) as Sp. pose proof (S q) as Sq.
assert (0 <= s2 * p ^ 2) by not_negative. assert (0 <= s2 * q ^ 2) by not_negative.
assert (0 <= <<left>>) by not_negative.
assert (D : <<delta>> > 0).
{ apply Rlt_gt, (Rmult_lt_reg_l (B ^ 2)); [assumption |].
  assert (B ^ 2 * s = s2) as T by (unfold s; field; exact NB). rewrite H_E0, H_E1 in P.
  replace (B ^ 2 * (_ + _)) with
    (B ^ 2 * (r + B * p + s * (B * p) ^ 2) + B ^ 2 * s * ((lambda - r) * (lambda - r - B * p)))
    by ring. rewrite T, Sp. lra. }
assert (- r <= B * p) by (apply (root_is_at_least_minus_r lambda r s (B * p)); lra).
assert (B * q <= B * p); [| lra].
apply (one_root_beyond_minus_r lambda r s w (B * p) (B * q)); lra.
""",
                {
                    "left": w * _first(B * p) * _second(B * p),
                    "delta": _gap(B * p) + (lam - r) * s * _first(B * p),
                },
            ),
        ),
    )


def _selected(cubic: Cubic) -> Theorem:
    both = (cubic.admissible(p), cubic.root(p), cubic.outstanding(p))
    only = Joined("->", (cubic.outstanding(q), Relation(q, "=", p)))
    most = cubic.every(q, Joined("/\\", (Relation(B * q, "<=", B * p), only)))
    largest = _largest(cubic)
    return stated(
        "one_admissible_root_has_positive_Delta",
        "Exactly one admissible root has Delta > 0, and it is the one with the largest B p1",
        largest.hypotheses,
        Exists((p,), Joined("/\\", (*both, most))),
        (
            *script(
                f"""
assert (largest := {applied(largest)}).
assert (0 < E1) by lra.
destruct (Req_dec B 0) as [Z | NB].
- assert (F : <<cubic>>) by (intro q; rewrite H_C0, H_C1, H_C2, H_C3, Z; ring).
  assert (0 < gamma * kappa * s2 * E1 ^ 2) by positive.
  assert (0 < s2 * E1 ^ 2) by positive.
  exists 0. rewrite F, Z. do 3 (split; [lra |]).
  intros q _ R. rewrite F in R.
  assert (gamma * kappa * s2 * E1 ^ 2 * q = 0) as T by lra.
  apply Rmult_integral in T as [T | T]; [lra |]. subst q.
  split; intros; lra.
-
""",
                {
                    "cubic": ForAll(
                        (q,),
                        Relation(cubic.value(q), "=", -(gamma * kappa * s2 * E1**2) * q),
                    )
                },
            ),
            *_changed(cubic),
            *script(
                """
destruct (a_root_beyond_minus_r_exists lambda r s w) as [z [A [D E]]]; try lra.
assert (exists p, z = B * p) as [p BP] by (exists (z / B); field; exact NB).
subst z. pose proof (S p) as Sp. assert (0 <= s2 * p ^ 2) by not_negative.
assert (admissible : <<admissible>>) by lra.
assert (solves : <<root>>) by (rewrite <- units; apply Rmult_eq_0_compat_l; lra).
assert (P : <<outstanding>>).
{ rewrite H_E0, H_E1. assert (0 <= B ^ 2 * (r + B * p + s2 * p ^ 2)) by not_negative.
  assert (0 < s2 * ((lambda - r) * (lambda - r - B * p))) by positive. lra. }
exists p. do 3 (split; [assumption |]). intros q Dq Rq. split; [now apply largest |].
intro Pq. apply (Rmult_eq_reg_r B); [apply Rle_antisym; now apply largest | exact NB].
""",
                {
                    "admissible": cubic.admissible(p),
                    "root": cubic.root(p),
                    "outstanding": cubic.outstanding(p),
                },
            ),
        ),
    )


def _without_interest(cubic: Cubic) -> Theorem:
    selected = _selected(cubic)
    positive = Relation(B * p, ">"), Relation(B * q, ">")
    same = Joined("<->", (positive[1], cubic.outstanding(q)))
    only = Joined("->", (positive[1], Relation(q, "=", p)))
    own = (
        *(h for h in ASSUMED if h not in (INTEREST, WEIGHT)),
        Hypothesis("no_interest", Relation(r, "=")),
        Hypothesis("positive_beta", Relation(beta, ">")),
        Hypothesis("nonzero_B", Relation(B, "<>")),
    )
    return stated(
        "one_admissible_root_has_positive_B_p1",
        "For r = 0 exactly one admissible root has B p1 > 0, and it is the one with Delta > 0",
        (*cubic.definitions, *own),
        Exists(
            (p,),
            Joined(
                "/\\",
                (
                    cubic.admissible(p),
                    cubic.root(p),
                    positive[0],
                    cubic.every(q, Joined("/\\", (only, same))),
                ),
            ),
        ),
        script(
            f"""
assert (interest : r >= 0) by lra. assert (weight : beta >= 0) by lra.
assert (same : <<same>>).
{{ intros q D R. set (P := <<delta>>).
  assert (gamma * kappa * (B * q * P) = beta * B ^ 2 * ((E1 - B * q) * <<second>>)) as I.
  {{ apply Rminus_diag_uniq. rewrite <- (Rmult_0_r (- B)), <- R. unfold P.
    rewrite H_C0, H_C1, H_C2, H_C3, H_E0, H_E1, no_interest. ring. }}
  assert (0 <= s2 * q ^ 2) by not_negative. assert (0 < E1 - B * q) by lra.
  assert (0 < B ^ 2) by positive.
  assert (0 < beta * B ^ 2 * ((E1 - B * q) * <<second>>)) by positive.
  assert (0 < gamma * kappa) by positive.
  assert (0 < B * q * P) by (apply (Rmult_lt_reg_l (gamma * kappa)); lra).
  split; intro; nra. }}
destruct {applied(selected)} as [p [D [R [P U]]]].
exists p. split; [exact D |]. split; [exact R |]. split; [now apply same |].
intros q Dq Rq. split; [| now apply same]. intro. apply (U q Dq Rq). now apply same.
""",
            {
                "same": cubic.every(q, same),
                "delta": cubic.delta(q),
                "second": cubic.second(q),
            },
        ),
    )


def _small_drift(cubic: Cubic) -> Theorem:
    selected = _selected(cubic)
    return stated(
        "one_admissible_root_if_B_is_small",
        "Exactly one root is admissible if B^2 < s2 (lambda + r + 2 root), where root = "
        "sqrt(lambda^2 - lambda r + r^2)",
        (
            *selected.hypotheses,
            Hypothesis("positive_root", Relation(root, ">")),
            Hypothesis("square", Relation(root**2, "=", lam**2 - lam * r + r**2)),
            Hypothesis("small_B", Relation(B**2, "<", s2 * (lam + r + 2 * root))),
        ),
        cubic.exactly_one(),
        script(f"""
destruct {applied(selected)} as [p [D [R [_ U]]]].
exists p. split; [exact D |]. split; [exact R |]. intros q Dq Rq. apply (U q Dq Rq).
assert (lambda + r < 2 * root) by nra.
assert (0 < s2 * (2 * root - (lambda + r))) by positive.
assert (0 <= B ^ 2) by not_negative.
assert (0 < (s2 * (lambda + r + 2 * root) - B ^ 2) * (B ^ 2 + s2 * (2 * root - (lambda + r))))
  as F by positive.
replace (_ * _) with (4 * s2 ^ 2 * root ^ 2 - (B ^ 2 - s2 * (lambda + r)) ^ 2) in F by ring.
rewrite square in F.
assert (0 <= (2 * B * s2 * q + (B ^ 2 - E1 * s2)) ^ 2) by not_negative.
apply Rlt_gt, (Rmult_lt_reg_l (4 * s2)); [lra |]. rewrite H_E0. rewrite H_E1 in *. lra.
"""),
        point={lam: sp.Integer(8), r: sp.Integer(3), root: sp.Integer(7), B: sp.S.One},
    )
