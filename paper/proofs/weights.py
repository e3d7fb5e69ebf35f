"""How the common strategy moves with the weight alpha: in proportion, and in which direction."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import sympy as sp

from eqsolve.derivations.mean_variance.vocabulary import symbols
from eqsolve.notated.derivation import Derivation
from eqsolve.paper.claims.exact import B, alpha, gamma, k1, k2, k3, kappa, lam, p1, q3
from eqsolve.paper.proofs.cubic import (
    AVERSION,
    D1,
    D2,
    E1,
    INTEREST,
    OWN_WEIGHT,
    VARIANCE,
    Delta,
)
from eqsolve.prove.script import script, stated
from eqsolve.prove.statement import Hypothesis, Joined, Maker, Relation, Theorem

E0, S, x, y = symbols("E0 S x y")


def theorems(derivation: Derivation) -> Iterator[Maker]:
    """The ones about alpha."""
    yield partial(_alpha, derivation)
    yield partial(_constant, derivation)


def _alpha(derivation: Derivation) -> Theorem:
    form = derivation.form
    new = {e: sp.Symbol(f"{e.name}_new", **e.assumptions0) for e in (alpha, q3, k3)}
    defined = [Hypothesis(f"H_{e.name}", Relation(e, "=", form[e])) for e in (q3, k3)]
    defined += [
        Hypothesis(f"H_{e.name}_new", Relation(new[e], "=", form[e].xreplace(new)))
        for e in (q3, k3)
    ]
    signs = [AVERSION, *([OWN_WEIGHT] if kappa in form[q3].free_symbols else [])]
    signs += [Hypothesis(f"positive_{e.name}", Relation(e, ">")) for e in (D1, D2)]
    signs += [Hypothesis(f"nonzero_{e.name}", Relation(e, "<>")) for e in (Delta, S)]
    signs.append(Hypothesis("order", Relation(alpha, "<", new[alpha])))
    position = k1 * x + k2 * y + k3
    rises = Joined(
        "<->",
        (Relation(position, "<", position.xreplace(new)), Relation(B * Delta * S, ">")),
    )
    own = kappa if OWN_WEIGHT in signs else sp.S.One
    factor = (new[alpha] - alpha) * (D1 * D2 / (gamma * own) / (Delta * S) ** 2)
    return stated(
        "position_is_affine_in_alpha",
        "k3 is proportional to alpha, and the position rises with alpha if and only if "
        "B Delta S > 0",
        (*defined, *signs),
        Joined("/\\", (Relation(k3 * new[alpha], "=", new[k3] * alpha), rises)),
        script(
            """
split; [rewrite H_k3, H_k3_new, H_q3, H_q3_new; field; side |].
assert (P : 0 < <<factor>>) by positive.
pose proof (positive_product _ <<sign>> P) as W.
assert (E : <<difference>> = <<factor>> * <<sign>>)
  by (rewrite H_k3, H_k3_new, H_q3, H_q3_new; field; side).
split; intro R; [apply W; lra | apply W in R; lra].
""",
            {
                "factor": factor,
                "sign": B * Delta * S,
                "difference": new[k3] - k3,
            },
        ),
    )


def _constant(derivation: Derivation) -> Theorem:
    form = derivation.form
    chosen = (E0, E1, D1, D2, Delta, q3)
    signs = [Hypothesis(f"positive_{e.name}", Relation(e, ">")) for e in (D2, alpha)]
    signs += [AVERSION, VARIANCE, INTEREST]
    signs += [OWN_WEIGHT] if kappa in form[q3].free_symbols else []
    signs.append(Hypothesis("nonzero_B", Relation(B, "<>")))
    signs.append(Hypothesis("long", Relation(B * p1, ">=")))
    return stated(
        "constant_has_the_sign_of_B",
        "where B p1 >= 0, Delta is positive, and the constant q3 of the response has the sign of B",
        (*(Hypothesis(f"H_{e.name}", Relation(e, "=", form[e])) for e in chosen), *signs),
        Joined("/\\", (Relation(Delta, ">"), Relation(B * q3, ">"))),
        script(
            """
assert (0 <= s2 * p1 ^ 2) by (apply Rmult_le_pos; [lra | apply pow2_ge_0]).
assert (0 < B ^ 2) by (apply (even_power_positive B 1); exact nonzero_B).
assert (0 < D1) by lra. assert (0 < E1) by lra.
assert (P : 0 < Delta).
{ rewrite H_Delta. apply Rplus_le_lt_0_compat; [| positive].
  apply Rmult_le_pos; [apply pow2_ge_0 | lra]. }
split; [exact P |]. replace <<signed>> with <<square>> by (rewrite H_q3; field; side). positive.
""",
            {"signed": B * q3, "square": B * form[q3]},
        ),
        point={lam: sp.Integer(3)},
    )
