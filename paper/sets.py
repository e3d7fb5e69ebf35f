"""The parameter sets of reference, and the strategies that are known there."""

from __future__ import annotations

from collections.abc import Mapping

from eqsolve.derivations.mean_variance.declaration import PARAMETERS

#: The sets of reference, in the order of the parameters.
SETS: Mapping[str, Mapping[str, str]] = {
    name: dict(zip(PARAMETERS, row.split(), strict=True))
    for name, row in {
        "S1": "0.03 0.12 0.2 0.2 0.5 2 1 0.5 0.6",
        "S2": "0.02 0.10 0.25 0.15 0.3 1.5 1 0.2 0.4",
        "S3": "0.04 0.15 0.3 0.2 0.8 3 0.5 1 0.8",
    }.items()
}
#: Numbers of agents for the sets, and given aggregates for the response.
SIZES = ("3", "10")
GIVEN: Mapping[str, str] = {"m_b": "0.05", "m_s": "0.1", "m_2": "0.01"}
SIZED = {f"{name}, n = {n}": {**row, "n": n} for name, row in SETS.items() for n in SIZES}

#: Known strategies as printed decimals, by case and notion, in the order of x, y and 1.
Reference = Mapping[str, Mapping[str, tuple[str, ...]]]

N_AGENT: Reference = {
    "S1, n = 3": {
        "given-aggregate": (".28067", ".09208", ".69495"),
        "closed-loop": (".28140", ".09506", ".70012"),
    },
    "S1, n = 10": {
        "given-aggregate": (".246342445272839", ".0813193225992309", ".648513002112453"),
        "closed-loop": (".24657", ".08432", ".65414"),
    },
    "S2, n = 3": {
        "given-aggregate": (".11888", ".01215", ".65206"),
        "closed-loop": (".11892", ".01245", ".65305"),
    },
}

MEAN_FIELD: Reference = {
    "S1": {
        "given-aggregate": (".233413246626594", ".0772564902872695", ".630296894767307"),
        "closed-loop": (".23341", ".08021", ".63596"),
    },
    "S3": {
        "given-aggregate": (".23770", ".07857", ".15912"),
        "closed-loop": (".23770", ".08254", ".16099"),
    },
}
