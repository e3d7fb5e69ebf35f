"""How many admissible roots the cubic of p1 has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import sympy as sp

from eqsolve.notated.derivation import Derivation
from eqsolve.paper.claims.exact import B, beta, gamma, kappa, lam, r, s2
from eqsolve.paper.proofs.cubic import (
    AVERSION,
    C3,
    E0,
    HAZARD,
    HORIZON,
    OWN_WEIGHT,
    VARIANCE,
    Cubic,
    p,
    q,
    t,
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

e0, e1, e2, lower, upper = sp.symbols("e0 e1 e2 lower upper")
#: What is assumed throughout.
ASSUMED = (VARIANCE, AVERSION, OWN_WEIGHT, HAZARD, HORIZON)

#: Admissible is what lies between two edges, and the cubic is positive at the lower one.
_BETWEEN = """
destruct (edges (lambda - 2 * r) B s2) as [lower [upper [[L U] [[P Q] F]]]]; [lra .. |].
assert (within : <<within>>).
{ intro x. pose proof (F x). pose proof (between lower upper s2 x ltac:(lra) ltac:(lra)) as W.
  split; intro D; [apply W; lra | apply W in D; lra]. }
assert (edge := EDGE).
pose proof (edge lower ltac:(pose proof (F lower); lra) ltac:(lra)) as at_lower.
pose proof (edge upper ltac:(pose proof (F upper); lra) ltac:(lra)) as at_upper.
"""


def theorems(derivation: Derivation) -> Iterator[Maker]:
    """One or three, at least one, none, exactly one."""
    cubic = Cubic(derivation)
    edge = _edge(cubic)
    parity = _parity(cubic, edge)
    yield lambda: edge
    yield lambda: parity
    yield partial(_some, cubic, parity)
    yield partial(_none, cubic)
    yield partial(_large_weight, cubic, edge, parity)


def _edge(cubic: Cubic) -> Theorem:
    sign = Relation(cubic.value(p) * (B + s2 * p), "<")
    claim = Joined("->", (Relation(cubic.second(p), "="), Relation(B + s2 * p, "<>"), sign))
    return stated(
        "sign_of_the_cubic_where_D2_vanishes",
        "Where D2 = 0, the cubic and B + s2 p1 have opposite signs",
        (*cubic.definitions, *(h for h in ASSUMED if h is not HORIZON)),
        ForAll((p,), claim),
        script(
            """
intros p edge nonzero.
assert (lambda = 2 * r + 2 * B * p + s2 * p ^ 2) as is_lambda by lra.
assert (0 < (lambda + s2 * p ^ 2) / 2) by positive.
assert (0 < r + B * p + s2 * p ^ 2) by lra.
assert (0 < gamma * kappa * ((r + B * p + s2 * p ^ 2) ^ 2 * (B + s2 * p) ^ 2)) as S by positive.
assert (E : <<cubic>> = - (gamma * kappa * ((r + B * p + s2 * p ^ 2) ^ 2 * (B + s2 * p) ^ 2)))
  by (rewrite H_C0, H_C1, H_C2, H_C3, H_E0, H_E1, is_lambda; ring).
lra.
""",
            {"cubic": sign.left},
        ),
    )


def _between(cubic: Cubic, edge: Theorem) -> tuple[Line, ...]:
    """Lines that say where roots are admissible, and what sign the cubic has at the ends."""
    strip = Joined("/\\", (Relation(lower, "<", x), Relation(x, "<", upper)))
    within = ForAll((x,), Joined("<->", (cubic.admissible(x), strip)))
    return script(_BETWEEN.replace("EDGE", applied(edge)), {"within": within})


def _parity(cubic: Cubic, edge: Theorem) -> Theorem:
    quotient = e0 + e1 * x + e2 * x**2
    alone = ForAll((x,), Joined("->", (cubic.admissible(x), Relation(quotient, "<>"))))
    once = ForAll((x,), Relation(cubic.value(x), "=", (x - p) * quotient))
    all_three = ForAll((x,), Relation(cubic.value(x), "=", C3 * (x - p) * (x - q) * (x - t)))
    three = (cubic.admissible(p), cubic.admissible(q), cubic.admissible(t), all_three)
    return stated(
        "one_or_three_admissible_roots",
        "Counted with multiplicity, one root is admissible (D2 > 0) or three are",
        (*cubic.definitions, *ASSUMED),
        Joined(
            "\\/",
            (
                Exists((p, e0, e1, e2), Joined("/\\", (cubic.admissible(p), once, alone))),
                Exists((p, q, t), Joined("/\\", three)),
            ),
        ),
        (
            *_between(cubic, edge),
            *script("""
destruct (one_or_three C0 C1 C2 C3 lower upper) as
  [[p [e0 [e1 [e2 [A [E N]]]]]] | [p [q [t [A1 [A2 [A3 E]]]]]]]; [lra | nra | nra | left | right].
- exists p, e0, e1, e2. repeat split.
  + apply within; exact A.
  + intro x. pose proof (E x). lra.
  + intros x D Z. apply within in D. apply (N x D). lra.
- exists p, q, t. repeat split; try (apply within; assumption).
  intro x. pose proof (E x). lra.
"""),
        ),
    )


def _some(cubic: Cubic, parity: Theorem) -> Theorem:
    return stated(
        "an_admissible_root_exists",
        "There is an admissible root if lambda > 2 r",
        parity.hypotheses,
        Exists((p,), Joined("/\\", (cubic.admissible(p), cubic.root(p)))),
        script(f"""
destruct {applied(parity)} as [[p [e0 [e1 [e2 [A [E _]]]]]] | [p [q [t [A [_ [_ E]]]]]]];
  exists p; (split; [exact A | rewrite E; ring]).
"""),
    )


def _none(cubic: Cubic) -> Theorem:
    definition = tuple(h for h in cubic.definitions if h.statement.expressions[0] == E0)
    small = Hypothesis("small_lambda", Relation(lam, "<=", 2 * r - B**2 / s2))
    return stated(
        "no_admissible_root",
        "No value of p1 is admissible if lambda <= 2 r - B^2/s2",
        (*definition, VARIANCE, small),
        ForAll((p,), Relation(cubic.second(p), "<=")),
        script("""
intro p. assert (0 <= (B + s2 * p) ^ 2 / s2) as S by not_negative.
replace ((B + s2 * p) ^ 2 / s2) with (B ^ 2 / s2 + 2 * B * p + s2 * p ^ 2) in S by (field; lra).
lra.
"""),
    )


def _large_weight(cubic: Cubic, edge: Theorem, parity: Theorem) -> Theorem:
    return stated(
        "one_admissible_root_if_beta_is_large",
        "Exactly one root is admissible if beta >= gamma kappa",
        (*parity.hypotheses, Hypothesis("large_beta", Relation(beta, ">=", gamma * kappa))),
        cubic.exactly_one(),
        (
            *script(f"""
destruct {applied(parity)} as
  [[p [e0 [e1 [e2 [A [E N]]]]]] | [p [q [t [A1 [A2 [A3 E]]]]]]].
- exists p. repeat split; [exact A | rewrite E; ring |].
  intros q D Z. rewrite E in Z. apply Rmult_integral in Z as [Z | Z]; [lra |].
  now apply N in Z.
- exfalso.
"""),
            *_between(cubic, edge),
            *script("""
rewrite within in A1, A2, A3. destruct A1, A2, A3. rewrite E in at_lower.
assert (0 <= C3) by (rewrite H_C3; not_negative).
assert (0 <= C3 * ((p - lower) * (q - lower) * (t - lower) * (- (B + s2 * lower))))
  by not_negative.
lra.
"""),
        ),
    )
