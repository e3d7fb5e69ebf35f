"""Commands that the help shows as examples, each as the lines to paste."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "anarchy": ("eqsolve anarchy mean-field --set S1 --vary theta=0:0.9:10",),
    "converge": (
        "eqsolve converge n-agent --n 10,100,1000 -p r=0.03 -p b=0.12 -p nu=0.2 -p sigma=0.2",
        "-p theta=0.5 -p gamma=2 -p alpha=1 -p beta=0.5 -p lambda=0.6",
    ),
    "derive": ("eqsolve derive n-agent --step equilibrium",),
    "market": (
        "eqsolve market docs/market/market.csv --game n-agent --set S1 --estimate b=drift",
        "--estimate nu=idiosyncratic --estimate sigma=common --estimate n=assets",
    ),
    "roots": (
        "eqsolve roots mean-field --set S1 --vary lambda=0.05:1.5:60 --vary w=0:0.6:60",
        "--let beta=w*gamma -p b=0.38",
    ),
    "sensitivity": (
        "eqsolve sensitivity n-agent -p r=0.03 -p b=0.12 -p nu=0.2 -p sigma=0.2 -p theta=0.5",
        "-p gamma=2 -p alpha=1 -p beta=0.5 -p lambda=0.6 -p n=3",
    ),
    "simulate": (
        "eqsolve simulate n-agent --agents 100 --paths 10000 --seed 1 -p r=0.03 -p b=0.12",
        "-p nu=0.2 -p sigma=0.2 -p theta=0.5 -p gamma=2 -p alpha=1 -p beta=0.5 -p lambda=0.6",
    ),
    "sizes": ("eqsolve sizes granular --set S1 --law equal --law zipf:1 --n 10,100,1000",),
    "solve": (
        "eqsolve solve n-agent -p r=0.03 -p b=0.12 -p nu=0.2 -p sigma=0.2 -p theta=0.5",
        "-p gamma=2 -p alpha=1 -p beta=0.5 -p lambda=0.6 -p n=3",
    ),
    "sweep": (
        "eqsolve sweep n-agent --vary theta=0:1:101 -p r=0.03 -p b=0.12 -p nu=0.2",
        "-p sigma=0.2 -p gamma=2 -p alpha=1 -p beta=0.5 -p lambda=0.6 -p n=3 --out theta.csv",
    ),
    "verify": ("eqsolve verify mean-field --json",),
}
