"""Mean-field Q-learning: a table by time, state and action, and the law, on two time scales.

In each episode a crowd plays the table's best actions, and explorers, who start from more states,
learn: with a chance that falls an explorer takes any action, else the one of least cost
(epsilon-greedy). What an action has cost, with what the table says of the state to which it led,
moves its entry; the law that is charged moves towards the crowd's, in a game more slowly than the
table. The planner's representative is charged for his effect on others, as in `adjoint`. The model
is only simulated. Over a short step the cost is a parabola in the action, which smooths the table
where its least is sought. (Angiuli, Fouque and Lauriere, Unified reinforcement Q-learning for mean
field game and control problems, Mathematics of Control, Signals, and Systems 34, 2022.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from eqsolve.learn.crowd import Crowd, Law
from eqsolve.learn.training import Array, Policy

#: Players of the crowd and as many explorers; steps in time, states and actions of the table.
PLAYERS, TIMES, STATES, ACTIONS = 1024, 12, 65, 31
#: States reach so many deviations of a player who does nothing; actions cross that in the horizon.
REACH = 8.0
#: After k episodes the last k^TABLE count in the table, and k^GAME in the law of a game, which is
#: slower than the table, or k^PLANNER in that of the planner, which is faster.
TABLE, GAME, PLANNER = 0.55, 0.85, 0.3
#: Least chance of any action.
LEAST = 0.3

#: What more than half of a state's entries must have seen for it to count.
ENOUGH = 0.5

#: Table and how much its entries have seen, (times, states, actions); the law in the middles of the
#: steps and at the end, (3, times + 1): mean, variance, mean control; (1,), what a player pays.
Tables: TypeAlias = tuple[Array, Array, Array, Array]


@dataclass(frozen=True)
class Table:
    """The method for one crowd."""

    crowd: Crowd
    steps: int = 3000

    @property
    def width(self) -> float:
        """Length of a step in time."""
        return self.crowd.horizon / TIMES

    @property
    def idle(self) -> float:
        """Deviation at the end of a player who does nothing."""
        crowd = self.crowd
        return float(np.sqrt(crowd.variance + crowd.volatility**2 * crowd.horizon))

    @property
    def middles(self) -> Array:
        """Of the steps."""
        return np.asarray((np.arange(TIMES) + 0.5) * self.width)

    @property
    def states(self) -> Array:
        """Of the table."""
        return self.crowd.mean + REACH * self.idle * np.linspace(-1.0, 1.0, STATES)

    @property
    def actions(self) -> Array:
        """Of the table."""
        reach = (abs(self.crowd.mean) + REACH * self.idle) / self.crowd.horizon
        return reach * np.linspace(-1.0, 1.0, ACTIONS)

    def start(self, seed: int, steps: int) -> Tables:
        """Nothing seen; the law of a crowd that does nothing."""
        crowd = self.crowd
        variances = crowd.variance + crowd.volatility**2 * np.append(self.middles, crowd.horizon)
        law = np.array([np.full(TIMES + 1, crowd.mean), variances, np.zeros(TIMES + 1)])
        empty = np.zeros((TIMES, STATES, ACTIONS))
        return empty, empty, law, np.zeros(1)

    def run(self, state: Tables, seed: int, numbers: range, steps: int) -> tuple[Tables, Array]:
        """Episodes."""
        losses = []
        for number in numbers:
            state, loss = self.episode(state, seed, number, steps)
            losses.append(loss)
        return state, np.array(losses)

    def leaves(self, state: Tables) -> list[Array]:
        """All of it."""
        return list(state)

    def whole(self, like: Tables, leaves: list[Array]) -> Tables:
        """The state of these arrays."""
        one, two, three, four = leaves
        return one, two, three, four

    def episode(self, state: Tables, seed: int, number: int, steps: int) -> tuple[Tables, float]:
        """Play once and learn from it; the loss is what a player of the crowd has paid."""
        random = np.random.default_rng([seed, number])
        table, seen, law, paid = (v.copy() for v in state)
        chance, crowd = max(1 - 2 * number / steps, LEAST), self.crowd
        fast = (number + 1.0) ** -TABLE
        slow = (number + 1.0) ** -(PLANNER if crowd.planner else GAME)
        wide = np.repeat([crowd.deviation, self.idle], PLAYERS)
        x = crowd.mean + wide * random.normal(size=2 * PLAYERS)
        path, found, cost = [], np.zeros_like(law), 0.0
        for time in range(TIMES):
            a = np.interp(x, *self.least(table[time], seen[time])[:2])
            entry = self.entry(x[PLAYERS:], a[PLAYERS:])
            entry[1] = explored(entry[1], chance, random)
            a[PLAYERS:] = self.actions[entry[1]]
            charged = Law(*law[:, time])
            half = crowd.volatility * np.sqrt(self.width / 2) * random.normal(size=(2, x.size))
            middle = x + self.width / 2 * crowd.drift(x, a, charged) + half[0]
            found[:, time] = _moments(middle[:PLAYERS], a[:PLAYERS])
            path.append((entry, self.width * crowd.paid(middle, a, charged)[PLAYERS:], x))
            cost += self.width * float(crowd.running(middle, a, charged)[:PLAYERS].mean())
            x = x + self.width * crowd.drift(middle, a, charged) + half.sum(axis=0)
        last = Law(*law[:, -1])
        found[:, -1] = _moments(x[:PLAYERS], np.zeros(PLAYERS))
        cost += float(crowd.payoff(x, 0 * x, last)[:PLAYERS].mean())
        left = crowd.paid_end(x, 0 * x, last)[PLAYERS:]
        for time in reversed(range(TIMES)):
            entry, spent, x = path[time]
            _move(table[time], seen[time], fast, entry, spent + left)
            if time:
                places, _, values = self.least(table[time], seen[time])
                left = np.interp(x[PLAYERS:], places, values)
        law += slow * (found - law)
        paid += slow * (cost - paid)
        return (table, seen, law, paid), cost

    def entry(self, x: Array, a: Array) -> Array:
        """(2, ...), places of the nearest state and action in the table."""
        return np.array([_nearest(self.states, x), _nearest(self.actions, a)])

    def least(self, table: Array, seen: Array) -> tuple[Array, Array, Array]:
        """States that were seen, and the least of the parabolas there: actions and costs."""
        enough = (seen >= ENOUGH).sum(axis=1) > ACTIONS / 2
        if not enough.any():
            return self.states, np.zeros(STATES), np.zeros(STATES)
        near = self.actions / self.actions[-1]
        powers = near[:, None] ** np.arange(3)
        weighted = seen[enough, :, None] * powers
        normal = np.einsum("xai,aj->xij", weighted, powers)
        right = np.einsum("xai,xa->xi", weighted, table[enough])
        flat, steep, bent = np.linalg.solve(normal + 1e-9 * np.eye(3), right[..., None])[..., 0].T
        with np.errstate(divide="ignore", invalid="ignore"):
            least = np.where(bent > 0, -steep / (2 * bent), -np.sign(steep))
        least = np.clip(least, -1.0, 1.0)
        value = flat + steep * least + bent * least**2
        return self.states[enough], self.actions[-1] * least, value

    def policy(self, state: Tables) -> Policy:
        """The least actions, each that of the middle of its step in time and of its way."""
        table, seen, law, _ = state
        dates, x, rows = self.middles, self.states, []
        for time in range(TIMES):
            a = np.interp(x, *self.least(table[time], seen[time])[:2])
            middle = x + self.width / 2 * self.crowd.drift(x, a, Law(*law[:, time]))
            rows.append(np.interp(x, middle, a))

        def at(t: float, places: Array) -> Array:
            found = [np.interp(places, x, row) for row in rows]
            late = min(max(int(np.searchsorted(dates, t)), 1), TIMES - 1)
            share = (t - dates[late - 1]) / self.width
            return np.asarray((1 - share) * found[late - 1] + share * found[late], float)

        return at

    def value(self, state: Tables) -> float | None:
        """What a player of the crowd pays."""
        return float(state[3][0])


def explored(best: Array, chance: float, random: np.random.Generator) -> Array:
    """Places of actions: with the chance any one, else the best."""
    odd = random.random(best.size) < chance
    return np.where(odd, random.integers(ACTIONS, size=best.size), best)


def _moments(x: Array, a: Array) -> tuple[float, float, float]:
    """Mean, variance, mean control."""
    return float(x.mean()), float(x.var()), float(a.mean())


def _nearest(nodes: Array, x: Array) -> Array:
    """Places of the nearest of equidistant nodes."""
    near = np.rint((x - nodes[0]) / (nodes[1] - nodes[0]))
    return np.asarray(np.clip(near, 0, nodes.size - 1).astype(int))


def _move(table: Array, seen: Array, fast: float, entry: Array, costs: Array) -> None:
    """Move entries towards the costs that were seen there, in place."""
    flat = entry[0] * table.shape[1] + entry[1]
    count = np.bincount(flat, minlength=table.size).reshape(table.shape)
    more = np.bincount(flat, costs, table.size).reshape(table.shape) - count * table
    seen += count - fast * seen
    table += np.divide(more, seen, out=np.zeros_like(table), where=count > 0)
