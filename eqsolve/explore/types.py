"""Players with types of their own in a page: what their script needs to put them together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from flint import fmpq

from eqsolve.arithmetic.code import Builder, Code
from eqsolve.derivation.derivation import Derivation
from eqsolve.errors import DerivationError
from eqsolve.explore.emitter import ScriptEmitter
from eqsolve.program.make import program
from eqsolve.program.program import TIME, Averaging, Program
from eqsolve.program.responses import Motion, Polynomials, Responses
from eqsolve.rows import Types

#: Highest degrees of what moves states and is averaged, and of what is paid.
MOVING, PAID = 1, 2
#: The column of what a player obtains.
VALUE = "V"
#: Polynomials in states, controls and laws that a page needs.
POLYNOMIALS = ("laws", "drifts", "loadings", "payoffs", "running")


@dataclass(frozen=True)
class Players:
    """The players of a page, and names of what all of them have.

    Attributes
    ----------
    emitter : of the script that solves one type.
    program : of the game.
    types : their weights.
    """

    emitter: ScriptEmitter
    program: Program
    types: Types

    @property
    def numbers(self) -> range:
        """The players, from 1 on."""
        return range(1, len(self.types.weights) + 1)

    @property
    def responses(self) -> Responses | None:
        """How a type responds to averages over the others, where these are given."""
        return None if self.program.given is None else self.program.given.responses

    @property
    def averaging(self) -> Averaging | None:
        """How averages follow from numbers, where a type's feedback is explicit in them."""
        return self.program.averaging

    # -- inputs ---------------------------------------------------------------------------------

    @property
    def implied(self) -> set[str]:
        """Inputs of a type that all types imply."""
        found = (
            {*(law.name for law in self.responses.laws if law.implied)} if self.responses else ()
        )
        averages = self.averaging.averages if self.averaging is not None else ()
        return {*found, *averages}

    def fixed(self, k: int) -> dict[str, Fraction]:
        """Inputs of a type that no slider moves: the number of players, and its weight."""
        found = {}
        if self.program.count:
            found[self.program.count] = Fraction(len(self.types.weights))
        if self.program.inputs.share:
            found[self.program.inputs.share] = self.types.shares[k - 1]
        return found

    def input(self, name: str, k: int) -> str:
        """The name on the page of an input of a type; empty for what the page does not have."""
        if name in self.implied or name in self.fixed(k):
            return ""
        return f"{name}_{k}" if name in self.own else name

    @property
    def own(self) -> set[str]:
        """Inputs that every player has of its own: those that were not given for all at once."""
        return {*self.program.inputs.own} - {*self.types.common}

    @property
    def inputs(self) -> dict[str, tuple[str, int]]:
        """Inputs of the page: the input of a type, and whose it is, or 0."""
        inner = [s.name for s in self.emitter.inputs]
        states = {s.name for s in self.emitter.states}
        found: dict[str, tuple[str, int]] = {}
        own = self.own
        for part in ([n for n in inner if n not in states], [n for n in inner if n in states]):
            common = [n for n in part if n not in own and n != TIME]
            found |= {n: (n, 0) for n in common if self.input(n, 1)}
            for k in self.numbers:
                found |= {f"{n}_{k}": (n, k) for n in part if n in own and self.input(n, k)}
            found |= {TIME: (TIME, 0)} if TIME in part else {}
        return found

    @property
    def states(self) -> list[str]:
        """Those that need not be given."""
        own = {s.name for s in self.emitter.states}
        return [name for name, (inner, _) in self.inputs.items() if inner in own]

    # -- columns --------------------------------------------------------------------------------

    @property
    def columns(self) -> dict[str, tuple[str, str, int]]:
        """Columns of the page: a group, a column of a type or its control, and whose it is."""
        found: dict[str, tuple[str, str, int]] = {}
        own = self.responses
        for k in self.numbers:
            for name, column, group in self._strategy(k):
                found[name] = (group, column, k)
        if own is not None:
            for k in self.numbers:
                found |= {f"{c}_{k}": ("at the state", c, k) for c in (*own.controls, VALUE)}
            found |= {name: ("at the state", name, 0) for name in own.totals}
        elif self.averaging is not None:
            found |= {name: ("at the state", name, 0) for name in self.averaging.averages}
        system = self.emitter.derivation.system
        letters = {s.name for s in (*system.unknowns, *system.implicit, *system.feedback)}
        for k in self.numbers:
            for column in self.emitter.outputs:
                if own is not None or not self._control(column):
                    group = "coefficients" if column in letters else "at the state"
                    found[f"{column}_{k}"] = (group, column, k)
        return found

    def _strategy(self, k: int) -> Iterator[tuple[str, str, str]]:
        """Names, columns of a type and groups of a player's strategy, as answers have them."""
        own = self.responses
        if own is None:
            for column in self.emitter.outputs:
                if control := self._control(column):
                    rest = column.removeprefix(f"{control}_")
                    yield f"{control}_{k}_{rest}", column, "strategy"
            return
        for control in own.controls:
            if self.types.counts[k - 1] != 1:
                yield from ((f"{control}_{k}_{s}", s, "strategy") for s in own.states)
            for j in self.numbers:
                yield from ((f"{control}_{k}_{s}_{j}", f"{s}_{j}", "strategy") for s in own.states)
            yield f"{control}_{k}_1", "1", "strategy"

    def _control(self, column: str) -> str:
        """The control of which a column of a type is a coefficient; empty for others."""
        controls = (c.name for c in self.emitter.derivation.model.game.controls)
        return next((c for c in controls if column.startswith(f"{c}_")), "")

    # -- the script -----------------------------------------------------------------------------

    def text(self) -> str:
        """Functions of the program, and what puts the types together."""
        names, functions, first = self.names, [], 0
        for name, code in self.codes.items():
            functions.append(f"  {name}: {_function(code, names, first)}")
            first += _size(code)
        made = ",\n".join(functions)
        head = f"const TYPES = {json.dumps(self._data())};\nconst ROOM = v.length - {2 * first};"
        return f"{head}\nconst CODE = {{\n{made}\n}};"

    @property
    def room(self) -> int:
        """The pairs that its functions need in the memory of the script."""
        return sum(map(_size, self.codes.values()))

    @cached_property
    def names(self) -> list[str]:
        """What a type knows: inputs, columns, controls, averages."""
        read = (name for code in self.codes.values() for name in code.arguments)
        return list(dict.fromkeys([*(s.name for s in self.emitter.inputs), *read]))

    @cached_property
    def codes(self) -> dict[str, Code]:
        """What is computed of each type."""
        own, averaging = self.responses, self.averaging
        if own is not None:
            motion = _followed(own, self.program.game)
            (value,) = self.program.values
            implied = [law.code for law in own.laws if law.implied]
            found = {"table": own.table, "terms": own.terms, "rate": motion.rate}
            found |= {"value": value.code, "law": _one(implied)}
            return found | {name: _moved(motion, name).code for name in POLYNOMIALS}
        return {} if averaging is None else {"system": averaging.system, "rest": averaging.rest}

    def _data(self) -> dict[str, Any]:
        own, averaging = self.responses, self.averaging
        inner = [s.name for s in self.emitter.inputs]
        wide, outputs = list(self.inputs), self.emitter.outputs
        names = [[self.input(n, k) for n in inner] for k in self.numbers]
        data: dict[str, Any] = {
            "names": self.names,
            "inputs": inner,
            "states": [s.name for s in self.emitter.states],
            "places": [[wide.index(n) if n else -1 for n in row] for row in names],
            "fixed": [
                {n: _pair(fmpq(v.numerator, v.denominator)) for n, v in self.fixed(k).items()}
                for k in self.numbers
            ],
            "weights": [_pair(fmpq(w.numerator, w.denominator)) for w in self.types.weights],
            "shares": [_pair(fmpq(s.numerator, s.denominator)) for s in self.types.shares],
            "counts": self.types.counts,
            "first": len(wide) - len(self.states),
            "columns": [
                [name, k, outputs.index(column) if column in outputs and k else -1]
                for name, (_, column, k) in self.columns.items()
            ],
            "responds": own is not None,
        }
        if own is not None and own.motion is not None:
            data |= {name: _moved(own.motion, name).exponents for name in POLYNOMIALS}
            data |= {
                "controls": own.controls,
                "own": own.states,
                "entered": own.entered,
                "powers": own.powers,
                "totals": own.totals,
                "others": own.averages,
                "value": VALUE,
                "implied": [law.name for law in own.laws if law.implied],
                "letters": own.motion.drifts.letters,
                "moved": own.motion.places,
                "common": own.motion.given,
            }
        elif averaging is not None:
            data |= {
                "averages": averaging.averages,
                "powers": averaging.powers,
                "coupled": averaging.coupled,
            }
        return data


def players(derivation: Derivation, types: Types, emitter: ScriptEmitter) -> Players:
    """The players of a page.

    Raises
    ------
    DerivationError
        If they cannot be put together in a page; the error says why.
    """
    made = program(derivation)
    found = Players(emitter, made, types)
    if found.responses is not None:
        _followed(found.responses, made.game)
    elif found.averaging is None:
        raise _without(made.game, "the feedback of a type is not explicit in the averages")
    return found


def _followed(own: Responses, game: str) -> Motion:
    """The motion of affine states.

    Raises
    ------
    DerivationError
        If it is another.
    """
    motion = own.motion
    if motion is None or not own.affine or not all(law.implied for law in own.laws):
        raise _without(game, "its controls or laws are not affine in the states")
    for part, degree in (
        *((p, MOVING) for p in (motion.laws, motion.drifts, motion.loadings)),
        *((p, PAID) for p in (motion.payoffs, motion.running)),
    ):
        if any(sum(powers) > degree for terms in part.exponents for powers in terms):
            raise _without(game, "its states do not move affinely, or payoffs are not quadratic")
    return motion


def _without(game: str, reason: str) -> DerivationError:
    return DerivationError(
        f"players with types of their own have no page here: {reason}.",
        game=game,
        stage="explore",
        remedy="eqsolve solve takes such a game.",
    )


def _one(codes: list[Code]) -> Code:
    """Programs of one function each as one program."""
    arguments = list(dict.fromkeys(a for code in codes for a in code.arguments))
    builder = Builder(arguments)
    places = dict(zip(arguments, range(len(arguments))))
    return builder.code([node for code in codes for node in builder.insert(code, places)])


def _moved(motion: Motion, name: str) -> Polynomials:
    """Polynomials by their name."""
    found: Polynomials = getattr(motion, name)
    return found


def _size(code: Code) -> int:
    """The nodes of a program."""
    return len(code.arguments) + len(code.constants) + len(code.steps)


def _function(code: Code, names: list[str], first: int) -> str:
    """A program of what a type knows: where it reads, how many pairs it gives, and how.

    Its nodes have fixed places of the memory.
    """
    at = [f"ROOM + {2 * (first + k)}" for k in range(_size(code))]
    read = len(code.arguments)
    lines = []
    for place, value in zip(at[read:], code.constants):
        high, low = _pair(value)
        lines.append(f"v[{place}] = {high}; v[{place} + 1] = {low};")
    lines.append("return (known, found) => {")
    reads = [2 * names.index(name) for name in code.arguments]
    for place, own in zip(at, reads):
        lines.append(f"  v[{place}] = known[{own}]; v[{place} + 1] = known[{own + 1}];")
    for place, (name, operands) in zip(at[read + len(code.constants) :], code.steps):
        lines.append(f"  {name.capitalize()}({', '.join([place, *(at[k] for k in operands)])});")
    for n, k in enumerate(code.outputs):
        lines.append(f"  found[{2 * n}] = v[{at[k]}]; found[{2 * n + 1}] = v[{at[k]} + 1];")
    run = "\n".join(f"    {line}" for line in [*lines, "};"])
    return f"{{ reads: {reads}, size: {len(code.outputs)}, run: (() => {{\n{run}\n  }})() }}"


def _pair(value: fmpq | str) -> list[float]:
    """A constant as the two doubles next to it."""
    if isinstance(value, str):
        return [3.141592653589793, 1.2246467991473532e-16]
    exact = Fraction(int(value.p), int(value.q))
    high = float(exact)
    return [high, float(exact - Fraction(high))]
