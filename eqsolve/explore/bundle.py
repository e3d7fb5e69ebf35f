"""Everything that a browser runs to solve one game, as one script."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from eqsolve.derivation.derivation import Derivation
from eqsolve.explore.emitter import ScriptEmitter
from eqsolve.explore.script import literal, of_function
from eqsolve.explore.types import Players, players
from eqsolve.kernels.steps import integration, linear, roots, runtime, settling
from eqsolve.kernels.steps.conditions import several
from eqsolve.rows import Types
from eqsolve.solve import decide, joint
from eqsolve.status import Status

#: What generated code calls, of the library of the kernels.
LIBRARY = (
    linear.factor,
    linear.substitute,
    linear.relative,
    linear.norm,
    linear.attracts,
    integration.integrator,
    integration.quadrature_of,
    settling.settler,
    roots.crossing_of,
    runtime.explosion_time,
)
#: What the page says where a kernel follows the motion, and ``solve`` looks for all solutions.
SAID = {
    "NO_CHOICE": "The closed form has no choice to make.",
    "OTHERS_OPEN": "The solution that finite horizons reach is taken; others are not looked for.",
    "FOLLOWED": "The solution that finite horizons reach is taken, followed in time.",
    "FOLDED": Status.NEAR_FOLD.meaning,
    "UNDECIDED": Status.UNRESOLVED.meaning,
    "NOT_DETERMINED": "The averages over all players do not follow from the responses.",
    "PLAYER": "Type {number}: ",
    "GROWS": joint.GROWS,
    "BEYOND": "an exponential is beyond the range of doubles: eqsolve solve decides",
}
#: Constants of the library and of the decision, by their names.
CONSTANTS: dict[str, Any] = {
    name: vars(module)[name]
    for module, names in (
        (decide, ("FOLD", "REACHED", "NONE_REAL", "NONE_ADMISSIBLE", "ONLY", "LARGEST")),
        (decide, ("NOT_UNIQUE", "REACHES", "NONE_REACHED")),
        (integration, ("COLUMNS", "TOLERANCE", "LARGE", "POLE", "MOST_STEPS", "NODES", "WEIGHTS")),
        (settling, ("COARSE", "COARSE_STEPS", "JUMP", "SLOW", "NEAR", "LEAST", "LAST")),
        (settling, ("TRIED", "RESTING", "PASSING")),
        (runtime, ("NO_ROOT",)),
    )
    for name in names
}


@dataclass(frozen=True)
class Bundle:
    """The script of one game.

    Attributes
    ----------
    inputs : names of parameters, the time ``t`` and states, as ``decide`` takes them, in pairs.
    states : the names of those that need not be given.
    columns : names of the results of a candidate.
    needs : for a column the states without which it has no value.
    script : what was generated of the game's steps.
    model : what the decision needs to know of them.
    players : those with types of their own; None if there are none.
    """

    inputs: tuple[str, ...]
    states: tuple[str, ...]
    columns: tuple[str, ...]
    needs: dict[str, tuple[str, ...]]
    script: str
    model: dict[str, Any]
    players: Players | None = None

    @property
    def text(self) -> str:
        """The whole script: ``decide(point, given)`` solves a point."""
        parts = (template("explore_arithmetic.js"), library(), self.script)
        model = f"const MODEL = {json.dumps(self.model)};"
        together: tuple[str, ...] = ("const decide = decideAlone;",)
        if self.players is not None:
            together = (self.players.text(), template("explore_types.js"))
        return "\n".join((*parts, model, template("explore_decide.js"), *together))


def bundle(derivation: Derivation, types: Types | None = None) -> Bundle:
    """The script of a derived game; of players with types of their own, for so many types.

    Raises
    ------
    DerivationError
        If its solution has no code; the error says why.
    """
    emitter = ScriptEmitter(derivation)
    system, limit = derivation.system, derivation.model.limit
    letters = {s.name for s in (*system.unknowns, *system.implicit)}
    model = {
        "columns": emitter.outputs,
        "letters": [name in letters for name in emitter.outputs],
        "choices": emitter.choices,
        "followed": emitter.settles,
        "reasons": emitter.reasons,
        "several": several(derivation),
        "limit": str(limit or ""),
    }
    if types is not None:
        made = players(derivation, types, emitter)
        columns, states = tuple(made.columns), tuple(made.states)
        needs = dict.fromkeys(columns, states)
        return Bundle(
            tuple(made.inputs), states, columns, needs, emitter.script(made.room), model, made
        )
    return Bundle(
        tuple(s.name for s in emitter.inputs),
        tuple(s.name for s in emitter.states),
        tuple(emitter.outputs),
        emitter.needs,
        emitter.script(),
        model,
    )


def template(name: str) -> str:
    """The text of a script or style sheet."""
    return files("eqsolve.templates").joinpath(name).read_text(encoding="utf-8")


@cache
def library() -> str:
    """The functions of kernels that generated code calls, in JavaScript."""
    constants = {**Status.__members__, **CONSTANTS, **SAID}
    made = [f"const {name} = {_constant(value)};" for name, value in constants.items()]
    return "\n".join([*made, *map(of_function, LIBRARY)])


def _constant(value: Any) -> str:
    if hasattr(value, "tolist"):
        return "[" + ", ".join(map(literal, value.tolist())) + "]"
    return json.dumps(value) if isinstance(value, str) else literal(value)
