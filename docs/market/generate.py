"""Write the synthetic market of the page on `eqsolve market`: python generate.py > market.csv.

Six assets over five years of working days. Prices follow dS/S = b dt + nu dW_i + sigma dW_0, with
other parameters in the second and fourth year. The file has what files have: days without prices,
a month that is missing, a column of texts, one that never moves and one that is empty.
"""

from __future__ import annotations

import sys

import numpy as np

SEED = 20240102
ASSETS = ("ash", "birch", "cedar", "elm", "fir", "hazel")
#: Parameters b, nu and sigma in calm years and in the others.
CALM, STRESSED = (0.12, 0.2, 0.2), (0.02, 0.36, 0.5)
YEAR = 252


def days() -> np.ndarray:
    """The working days."""
    every = np.arange("2019-01-01", "2024-01-01", dtype="datetime64[D]")
    found: np.ndarray = every[np.is_busday(every)]
    return found


def stressed(dates: np.ndarray) -> np.ndarray:
    """Whether a day has the other parameters."""
    years = dates.astype("datetime64[Y]").astype(int) + 1970
    found: np.ndarray = np.isin(years, (2020, 2022))
    return found


def prices(seed: int = SEED) -> np.ndarray:
    """Prices by day and asset."""
    dates, random = days(), np.random.default_rng(seed)
    b, nu, sigma = np.where(stressed(dates)[:, None], STRESSED, CALM).T[..., None]
    own = random.standard_normal((len(dates), len(ASSETS)))
    common = random.standard_normal((len(dates), 1))
    returns = (b - (nu**2 + sigma**2) / 2) / YEAR + (nu * own + sigma * common) / YEAR**0.5
    found: np.ndarray = 100 * np.exp(np.cumsum(returns, axis=0))
    return found


def text() -> str:
    """The file."""
    lines = ["date," + ",".join(f"{name} [EUR]" for name in ASSETS) + ",sector,peg,notes"]
    for row, (day, price) in enumerate(zip(days(), prices())):
        if str(day).startswith("2021-08"):
            continue
        shown = [f"{value:.4f}" for value in price]
        if row % 211 == 7:
            shown[2] = "n/a"
        if row % 317 == 11:
            shown[4] = ""
        lines.append(",".join((str(day), *shown, "wood", "1.0", "")))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
