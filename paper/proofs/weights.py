"""How the common strategy moves with the weight alpha: exactly in proportion."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import sympy as sp

from eqsolve.derivations.mean_variance.vocabulary import symbol
from eqsolve.notated.derivation import Derivation
from eqsolve.paper.claims.exact import B, alpha, gamma, k1, k2, k3, kappa, q3
from eqsolve.paper.proofs.cubic import AVERSION, D1, D2, OWN_WEIGHT, Delta
from eqsolve.prove.script import script, stated
from eqsolve.prove.statement import Hypothesis, Joined, Maker, Relation, Theorem

S, x, y = symbol("S"), symbol("x"), symbol("y")


def theorems(derivation: Derivation) -> Iterator[Maker]:
    """The one about alpha."""
    yield partial(_alpha, derivation)


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
