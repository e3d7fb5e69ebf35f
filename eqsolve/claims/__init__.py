"""The claims of papers, each judged by a check that the program makes.

A verdict is computed from the outcomes of tests: polynomial identities, numbers in ball
arithmetic, searches over random parameters with the compiled closed form, spike variations. What
is false, or true only under a condition, comes with commands that show it.
"""

from __future__ import annotations

from collections.abc import Iterable

from eqsolve.claims.claim import Claim, Context
from eqsolve.errors import InputError, UnknownGameError, near
from eqsolve.papers import papers

__all__ = ["SAMPLES", "SEED", "Claim", "judge"]

#: Points of a search, and the seed of all of them.
SAMPLES, SEED = 50_000, 20240229


def judge(
    ids: Iterable[str] | str | None = None,
    *,
    samples: int = SAMPLES,
    seed: int = SEED,
    progress: bool = False,
) -> tuple[Claim, ...]:
    """Check claims of the installed papers.

    Parameters
    ----------
    ids : which claims; all by default.
    samples : random points of every search.
    seed : seed of every search; the same seed gives the same evidence.
    progress : show a bar on standard error.

    Returns
    -------
    tuple
        One :class:`Claim` each, in the order of each paper. A claim about a game that is not
        installed is left out.

    Raises
    ------
    InputError
        For an unknown id or a number of samples that is not positive.
    """
    from tqdm import tqdm

    known = {s.id: s for paper in papers() for s in paper.statements()}
    chosen = tuple(known) if ids is None else (ids,) if isinstance(ids, str) else tuple(ids)
    strange = [name for name in chosen if name not in known]
    if strange:
        raise InputError(
            f"there is no claim {strange[0]!r}.",
            stage="claims",
            remedy=f"{near(strange[0], known)}The claims are {', '.join(known)}.",
        )
    if samples < 1 or seed < 0:
        raise InputError("samples must be positive and seed not negative.", stage="claims")
    context = Context(samples, seed)
    names = tqdm(dict.fromkeys(chosen), desc="claims", disable=not progress, leave=False)
    claims = []
    for name in names:
        try:
            claims.append(known[name].judged(context))
        except UnknownGameError:
            continue
    return tuple(claims)
