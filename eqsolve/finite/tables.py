"""Finite games as data: tables of numbers in a JSON file, which runs nothing.

Reward and transition are affine in the joint law, and the reward may have the term
``log_weight log(mu_s + log_epsilon)`` in the mass mu_s of the own state, by which crowds are
avoided in most examples of the literature:

    r(t, L)[s, a] = reward[t, s, a] + sum reward_law[t, s, a, x, b] L[x, b]
                    + log_weight[t, s, a] log(mu_s + log_epsilon)
    P(t, L)[s, a, y] = transition[t, s, a, y] + sum transition_law[t, s, a, y, x, b] L[x, b]

Tables with one time hold at all times. What another package holds as functions of the law is read
off them by evaluation and tried at other laws; what is not of this form is refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import InputError
from eqsolve.finite.environment import MASS, STAGE, FiniteGame
from eqsolve.output import replacing
from eqsolve.schemas import SCHEMA

Array = NDArray[np.float64]

#: What evaluations at other laws may differ, and how many are tried.
ACCURACY, TRIED = 1e-7, 5
#: Most entries of a table, and most bytes of a file.
MOST_ENTRIES, MOST_BYTES = 10**7, 10**9


@dataclass(frozen=True)
class Tables:
    """The numbers of a game; see the module for their meaning. Shapes are theirs, times first."""

    horizon: int
    initial: Array
    reward: Array
    transition: Array
    reward_law: Array | None = None
    transition_law: Array | None = None
    log_weight: Array | None = None
    log_epsilon: float = 0.0
    legal: Array | None = None
    name: str = "finite"

    def game(self) -> FiniteGame:
        """The game.

        Raises
        ------
        InputError
            If shapes or numbers make no sense.
        """
        states, actions = self.initial.size, self.reward.shape[-1]
        pair = (states, actions)
        wanted = {
            "reward": pair,
            "transition": (*pair, states),
            "reward_law": (*pair, *pair),
            "transition_law": (*pair, states, *pair),
            "log_weight": pair,
            "legal": pair,
        }
        for key, shape in wanted.items():
            table = getattr(self, key)
            if table is not None and (
                table.shape[1:] != shape or table.shape[0] not in (1, self.horizon + 1)
            ):
                raise InputError(
                    f"{key} has the shape {table.shape}, not (1 or {self.horizon + 1}, "
                    f"{', '.join(map(str, shape))}).",
                    game=self.name,
                    stage=STAGE,
                )

        def at(table: Array, time: int) -> Array:
            found: Array = table[time if len(table) > 1 else 0]
            return found

        def reward(time: int, law: Array) -> Array:
            found = at(self.reward, time).copy()
            if self.reward_law is not None:
                found += np.tensordot(at(self.reward_law, time), law, 2)
            if self.log_weight is not None:
                with np.errstate(divide="ignore"):
                    logarithm = np.log(law.sum(axis=1) + self.log_epsilon)
                found += at(self.log_weight, time) * logarithm[:, None]
            return found

        def transition(time: int, law: Array) -> Array:
            found = at(self.transition, time)
            if self.transition_law is not None:
                found = found + np.tensordot(at(self.transition_law, time), law, 2)
            return found

        legal = None if self.legal is None else self.legal.astype(bool)
        return FiniteGame(
            self.horizon, self.initial, actions, reward, transition, legal, name=self.name
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        found: dict[str, Any] = {"schema": SCHEMA}
        for part in fields(self):
            value = getattr(self, part.name)
            if value is not None:
                found[part.name] = value.tolist() if isinstance(value, np.ndarray) else value
        return found


def tables(game: FiniteGame, *, log_epsilon: float | None = None, seed: int = 1) -> Tables:
    """The tables of a game whose functions are of their form.

    Parameters
    ----------
    log_epsilon : of a term in the logarithm of the own state's mass; None where there is none.
    seed : of the laws at which functions are evaluated.

    Raises
    ------
    InputError
        If a function is not of the form, with the time and the largest difference.
    """
    times, states, actions = game.size
    pairs = states * actions
    if times * pairs * states * pairs > 100 * MOST_ENTRIES:
        raise game.error("the tables would be too large.")
    rng = np.random.default_rng(seed)
    count = pairs + 1 + TRIED
    drawn = rng.dirichlet(np.full(pairs, 0.7), count).reshape(count, states, actions)
    drawn = 0.9 * drawn + 0.1 / pairs  # away from the logarithm's pole
    plain = np.stack([np.ones(count), *drawn.reshape(count, pairs).T[:-1]], axis=1)
    rewards, moves, logs = [], [], []
    for time in range(times):
        seen = np.array([game.rewards(time, law) for law in drawn])
        rest, weight = np.zeros_like(seen), np.zeros((states, actions))
        table = np.empty((pairs, states, actions))
        for s in range(states):
            columns = plain
            if log_epsilon is not None:
                logarithm = np.log(drawn[:, s].sum(axis=1) + log_epsilon)
                columns = np.column_stack([plain, logarithm])
            found, *_ = np.linalg.lstsq(columns, seen[:, s], rcond=None)
            rest[:, s] = columns @ found - seen[:, s]
            table[:, s] = found[:pairs]
            if log_epsilon is not None:
                weight[s] = found[-1]
        _require(game, "reward", time, rest, seen)
        rewards.append(table)
        logs.append(weight)
        last = time == times - 1
        stay = np.broadcast_to(np.eye(states)[:, None], (states, actions, states))
        seen = np.array([stay if last else game.transitions(time, law) for law in drawn])
        flat = seen.reshape(count, -1)
        found, *_ = np.linalg.lstsq(plain, flat, rcond=None)
        _require(game, "transition", time, plain @ found - flat, seen)
        moves.append(found.reshape(pairs, states, actions, states))
    reward, reward_law = _parts(np.array(rewards), pairs, (states, actions))
    transition, transition_law = _parts(np.array(moves), pairs, (states, actions))
    weights = _constant(np.array(logs))
    used = log_epsilon is not None and np.abs(weights).max() > ACCURACY
    return Tables(
        game.horizon,
        game.initial,
        reward,
        transition,
        reward_law,
        transition_law,
        weights if used else None,
        log_epsilon if used and log_epsilon is not None else 0.0,
        None if game.legal is None else _constant(game.allowed.astype(float)),
        game.name,
    )


def _parts(found: Array, pairs: int, pair: tuple[int, int]) -> tuple[Array, Array | None]:
    """The constant part, and the slopes in the joint law; the law's last entry has slope 0."""
    found = np.where(np.abs(found) < 1e-11, 0.0, found)
    slopes = np.concatenate([found[:, 1:], np.zeros_like(found[:, :1])], axis=1)
    slopes = np.moveaxis(slopes, 1, -1)
    slopes = slopes.reshape(*slopes.shape[:-1], *pair)
    law = _constant(slopes) if np.abs(slopes).max(initial=0.0) > ACCURACY else None
    return _constant(found[:, 0]), law


def _constant(table: Array) -> Array:
    """One time where all are alike."""
    scale = max(float(np.abs(table).max(initial=0.0)), 1.0)
    return table[:1] if np.abs(table - table[:1]).max(initial=0.0) <= 1e-10 * scale else table


def _require(game: FiniteGame, what: str, time: int, rest: Array, seen: Array) -> None:
    gap, scale = float(np.abs(rest).max()), max(float(np.abs(seen).max()), 1.0)
    if not gap <= ACCURACY * scale:
        raise game.error(
            f"the {what} at {time} is not affine in the law: it differs by {gap:.3g}.",
            "A term in the logarithm of the own state's mass needs log_epsilon.",
        )


def write(data: Tables, path: str | os.PathLike[str]) -> None:
    """Write tables as JSON; the file appears when it is complete."""
    with replacing(os.fspath(path)) as temporary:
        temporary.write_text(json.dumps(data.to_dict()), encoding="utf-8")


def read(source: str | os.PathLike[str] | Mapping[str, Any]) -> Tables:
    """Read tables from a JSON file or a mapping.

    Raises
    ------
    InputError
        If it is none of this form.
    """
    if isinstance(source, Mapping):
        document: Any = source
        where = "the table"
    else:
        path = Path(source)
        where = path.name
        try:
            if path.stat().st_size > MOST_BYTES:
                raise InputError(f"{where} is too large.", stage=STAGE)
            document = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"{where} is not read: {error.strerror}.", stage=STAGE) from None
        except (ValueError, RecursionError):
            raise InputError(f"{where} is no JSON.", stage=STAGE) from None
    if not isinstance(document, Mapping):
        raise InputError(f"{where} holds no game.", stage=STAGE)
    known = {part.name for part in fields(Tables)}
    odd = sorted(map(str, {*document} - known - {"schema"}))
    missing = [k for k in ("horizon", "initial", "reward", "transition") if k not in document]
    if odd or missing:
        said = f"{odd[0]!r} is not known" if odd else f"{missing[0]} is missing"
        raise InputError(f"{where}: {said}.", stage=STAGE, remedy=f"Keys: {', '.join(known)}.")
    given = {key: _read(where, key, document[key]) for key in known if key in document}
    found = Tables(**given)
    _require_laws(found)
    return found


def _require_laws(data: Tables) -> None:
    """Refuse rows of a transition that do not sum to 1 whatever the joint law.

    Sums are affine in the law, so that it is enough to try the uniform law and every single pair.
    """
    game = data.game()
    states, actions = game.size[1:]
    slopes = data.transition_law
    for time in range(game.horizon):
        sums = data.transition[time % len(data.transition)].sum(axis=-1)[..., None, None]
        if slopes is not None:
            sums = sums + slopes[time % len(slopes)].sum(axis=2)
        odd = (np.abs(sums - 1) > MASS).any(axis=(2, 3)) & game.allowed[time]
        if odd.any():
            state, action = np.argwhere(odd)[0].tolist()
            raise game.error(
                f"the transition at {time} from state {state} under action {action} does not sum "
                "to 1 under every law."
            )
        game.transitions(time, np.full((states, actions), 1 / (states * actions)))


def _read(where: str, key: str, value: Any) -> Any:
    """A number, a name, or an array of finite numbers."""
    if key == "name":
        return str(value)
    try:
        array = np.array(value, dtype=float)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    plain = key in ("horizon", "log_epsilon")
    if not np.all(np.isfinite(array)) or (array.ndim == 0) != plain or array.size > MOST_ENTRIES:
        wanted = "a number" if plain else "an array of numbers"
        raise InputError(f"{where}: {key} must be {wanted}.", stage=STAGE)
    if key == "horizon":
        if array != int(array) or array < 0:
            raise InputError(f"{where}: the horizon is a whole number.", stage=STAGE)
        return int(array)
    return float(array) if plain else array
