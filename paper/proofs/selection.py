"""Which admissible root of the cubic is singled out by Delta > 0: one, and it has the largest B p1.

It moves with the weight and the aversion in one direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import sympy as sp

from eqsolve.notated.derivation import Derivation
from eqsolve.paper.claims.exact import B, beta, gamma, kappa, lam, r, s2
from eqsolve.paper.proofs import units
from eqsolve.paper.proofs.cubic import (
    AVERSION,
    C0,
    C1,
    C2,
    C3,
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
from eqsolve.paper.proofs.units import first, gap, phi, s, second, solves, v, w
from eqsolve.prove.script import applied, script, stated
from eqsolve.prove.statement import (
    Exists,
    ForAll,
    Hypothesis,
    Joined,
    Maker,
    Relation,
    Theorem,
)

root = sp.Symbol("root")
#: What is assumed of the parameters.
ASSUMED = (INTEREST, HORIZON, VARIANCE, AVERSION, OWN_WEIGHT, WEIGHT)


def theorems(derivation: Derivation) -> Iterator[Maker]:
    """Lemmas in those units, and what they say of the cubic."""
    cubic = Cubic(derivation)
    yield from units.theorems()
    yield partial(_in_units, cubic)
    yield partial(_largest, cubic)
    yield partial(_monotone, cubic)
    yield partial(_selected, cubic)
    yield partial(_without_interest, cubic)
    yield partial(_small_drift, cubic)


#: Names for the units.
_NAMED = """
assert (exists s, <<s>>) as [s H_s] by eauto.
assert (exists w, <<w>>) as [w H_w] by eauto.
"""


_MEANING: Mapping[str, Relation] = {
    "s": Relation(s, "=", s2 / B**2),
    "w": Relation(w, "=", beta / (gamma * kappa)),
}


def _scaled(at: sp.Expr) -> sp.Expr:
    return gamma * kappa * B * (w * first(B * at) * second(B * at) - phi(B * at))


def _in_units(cubic: Cubic) -> Theorem:
    beyond = Joined("->", (cubic.outstanding(p), Relation(-r, "<=", B * p)))
    return stated(
        "root_in_units",
        "An admissible root in the units, and beyond -r where Delta > 0",
        (
            *cubic.definitions,
            *ASSUMED,
            Hypothesis("nonzero_B", Relation(B, "<>")),
            *(Hypothesis(f"H_{name}", meaning) for name, meaning in _MEANING.items()),
        ),
        ForAll(
            (p,),
            Joined(
                "->",
                (
                    cubic.admissible(p),
                    cubic.root(p),
                    Joined("/\\", (solves(B * p), Relation(second(B * p), ">"), beyond)),
                ),
            ),
        ),
        script(
            """
intros p D R.
assert (gamma * kappa * B <> 0) as K by (repeat apply Rmult_integral_contrapositive_currified; lra).
assert (0 < gamma * kappa) by positive. assert (0 < B ^ 2) by positive.
assert (s > 0) by (rewrite H_s; positive).
assert (w >= 0) by (apply Rle_ge; rewrite H_w; not_negative).
assert (B ^ 2 * s = s2) as T by (rewrite H_s; field; exact nonzero_B).
assert (s * (B * p) ^ 2 = s2 * p ^ 2) as S by (rewrite <- T; ring).
assert (U : <<scaled>> = <<cubic>>).
{ rewrite H_C0, H_C1, H_C2, H_C3, H_E0, H_E1, H_s, H_w. field. repeat split; lra. }
rewrite R in U. apply Rmult_integral in U as [U | U]; [exfalso; apply K; lra |].
assert (0 <= s2 * p ^ 2) by not_negative.
assert (0 <= <<left>>) by not_negative.
split; [lra |]. split; [lra |]. intro P.
assert (<<delta>> > 0).
{ apply Rlt_gt, (Rmult_lt_reg_l (B ^ 2)); [assumption |]. rewrite H_E0, H_E1 in P.
  replace (B ^ 2 * (_ + _)) with
    (B ^ 2 * (r + B * p + s * (B * p) ^ 2) + B ^ 2 * s * ((lambda - r) * (lambda - r - B * p)))
    by ring. rewrite T, S. lra. }
assert (- r <= B * p) by (apply (root_is_at_least_minus_r lambda r s (B * p)); lra). lra.
""",
            {
                "scaled": _scaled(p),
                "cubic": cubic.value(p),
                "left": w * first(B * p) * second(B * p),
                "delta": gap(B * p) + (lam - r) * s * first(B * p),
            },
        ),
    )


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
        script(
            f"""
intros p Dp Rp P q Dq Rq.
destruct (Rlt_le_dec (B * p) (B * q)) as [L | L]; [exfalso | lra].
assert (nonzero_B : B <> 0) by (intro Z; rewrite Z in L; lra).
{_NAMED.strip()}
assert (units := {applied(_in_units(cubic))}).
destruct (units p Dp Rp) as [Ep [Sp beyond]]. destruct (units q Dq Rq) as [Eq [Sq _]].
specialize (beyond P).
assert (s > 0) by (rewrite H_s; positive).
assert (w >= 0) by (apply Rle_ge; rewrite H_w; not_negative).
assert (B * q <= B * p); [| lra].
apply (roots_beyond_minus_r_rise_with_w lambda r s w w (B * p) (B * q)); lra.
""",
            _MEANING,
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
- rename NB into nonzero_B.
""",
                {
                    "cubic": ForAll(
                        (q,),
                        Relation(cubic.value(q), "=", -(gamma * kappa * s2 * E1**2) * q),
                    )
                },
            ),
            *script(
                """
assert (NB := nonzero_B).
set (s := s2 / B ^ 2). set (w := beta / (gamma * kappa)).
assert (0 < gamma * kappa) by positive. assert (0 < B ^ 2) by positive.
assert (s > 0) by (unfold s; positive).
assert (w >= 0) by (apply Rle_ge; unfold w; not_negative).
assert (forall x, s * (B * x) ^ 2 = s2 * x ^ 2) as S by (intro; unfold s; field; exact NB).
assert (units : <<units>>).
{ intro x. unfold s, w. rewrite H_C0, H_C1, H_C2, H_C3, H_E0, H_E1. field. repeat split; lra. }
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
                    "units": ForAll((x,), Relation(_scaled(x), "=", cubic.value(x))),
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


def _monotone(cubic: Cubic) -> Theorem:
    # of the same assumptions, so that everything is written in the same order
    changed = {
        e: sp.Symbol(f"{e.name}_new", **e.assumptions0) for e in (beta, gamma, C0, C1, C2, C3)
    }
    other = [h for h in cubic.definitions if h.statement.expressions[0] in changed]
    both = (*other, AVERSION, WEIGHT)
    new = [
        Hypothesis(
            f"{h.name}_new",
            replace(
                h.statement,
                left=h.statement.left.xreplace(changed),
                right=h.statement.right.xreplace(changed),
            ),
        )
        for h in both
        if isinstance(h.statement, Relation)
    ]
    names = {h.name: f"{h.name}_new" for h in both} | {"w": "v", "H_w": "H_v"}
    names |= {old.name: letter.name for old, letter in changed.items()}
    order = Relation(beta * changed[gamma], "<", changed[beta] * gamma)
    premises = (cubic.admissible(p), cubic.root(p), cubic.outstanding(p), cubic.admissible(q))
    root_new = Relation(cubic.value(q).xreplace(changed), "=")
    inside = _in_units(cubic)
    return stated(
        "selected_B_p1_rises_with_beta_over_gamma",
        "The selected B p1 rises with beta and falls with gamma, strictly",
        (
            *cubic.definitions,
            *ASSUMED,
            *new,
            Hypothesis("nonzero_B", Relation(B, "<>")),
            Hypothesis("order", order),
        ),
        ForAll(
            (p, q),
            Joined(
                "->",
                (*premises, root_new, cubic.outstanding(q), Relation(B * p, "<", B * q)),
            ),
        ),
        script(
            f"""
intros p q Dp Rp Pp Dq Rq Pq.
{_NAMED.strip()}
assert (exists v, <<v>>) as [v H_v] by eauto.
destruct ({applied(inside)} p Dp Rp) as [Ep [Sp _]].
destruct ({applied(inside, names)} q Dq Rq) as [Eq [Sq beyond]].
specialize (beyond Pq).
assert (s > 0) by (rewrite H_s; positive).
assert (v >= 0) by (apply Rle_ge; rewrite H_v; not_negative).
assert (0 < gamma * gamma_new * kappa) as G by positive.
assert (w < v) as L.
{{ apply Rminus_gt_0_lt. replace (v - w) with
    ((beta_new * gamma - beta * gamma_new) / (gamma * gamma_new * kappa))
    by (rewrite H_v, H_w; field; repeat split; lra).
  apply Rdiv_lt_0_compat; lra. }}
assert (B * p <= B * q) as M
  by (apply (roots_beyond_minus_r_rise_with_w lambda r s w v (B * q) (B * p)); lra).
destruct (Rle_lt_or_eq_dec _ _ M) as [N | N]; [lra | exfalso].
assert (p = q) as -> by (apply (Rmult_eq_reg_l B); assumption).
assert (0 <= s * (B * q) ^ 2) by not_negative.
assert (0 < lambda - r - B * q) by lra.
assert (0 < (v - w) * (lambda - r - B * q) * <<second>>) by (repeat apply Rmult_lt_0_compat; lra).
lra.
""",
            {
                **_MEANING,
                "v": Relation(v, "=", (beta / (gamma * kappa)).xreplace(changed)),
                "second": second(B * q),
            },
        ),
    )
