"""A declared game whose file is run only if no program of it was kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

from eqsolve import inputs
from eqsolve.errors import EqsolveError
from eqsolve.inputs import TYPES, Asked
from eqsolve.program import store
from eqsolve.program.program import Program
from eqsolve.rows import of_types
from eqsolve.solve.answer import Answer
from eqsolve.solve.solve import answered, solve
from eqsolve.solve.types import solve_types

if TYPE_CHECKING:
    from eqsolve.game import Model
    from eqsolve.game.structure import Builder
    from eqsolve.places import Found


@dataclass(frozen=True)
class Source:
    """A declared game.

    Attributes
    ----------
    content : a fingerprint of its file, empty where programs are not kept.
    load : runs the file.
    note : what was kept of it; None if nothing was.
    """

    content: str
    load: Callable[[], Found]
    note: store.Head | None

    @staticmethod
    def of(content: str, load: Callable[[], Found]) -> Source | None:
        """A game; None if it is not declared by ``eqsolve.game``.

        Parameters
        ----------
        content : of ``eqsolve.registry.content``.
        load : finds the game, and runs its file.

        Raises
        ------
        EqsolveError
            As ``load``.
        """
        content = content if store.enabled() else ""
        note = store.head(content) if content else None
        if content and note is None and store.restates(content):
            return None  # it restates another game, and its file need not be run
        if note is None:
            from eqsolve.game import Model

            if not isinstance(load().model, Model):
                return None
        return Source(content, load, note)

    @property
    def name(self) -> str:
        """The game's name."""
        return self.load().name if self.note is None else self.note.name

    @cached_property
    def exported(self) -> Model | Builder:
        """What the file exports, which is run now."""
        found: Any = self.load().exported
        exported: Model | Builder = found
        return exported

    def named_set(self, name: str, notion: str | None = None) -> Mapping[str, object]:
        """The parameters of one of the game's named sets.

        Raises
        ------
        InputError
            If there is no set of that name.
        """
        if self.note is not None and (notion or "") in self.note.cases:
            return inputs.named_set(self.note.cases[notion or ""], name, self.note.name)
        from eqsolve.game.structure import named_set

        return named_set(self.exported, name, notion)

    def answer(
        self,
        values: Mapping[str, object],
        *,
        at: Mapping[str, object] | None = None,
        notion: str | None = None,
        size: int | None = None,
        continuum: bool = False,
        selection: str | None = None,
    ) -> Answer:
        """Solve the game at one point: see :func:`eqsolve.solve.solve.solve`."""
        made = self._program(values, Asked(notion, size, continuum))
        if not made.inputs.typed:
            return answered(made, values, at=at, size=size, selection=selection)
        own = solve_types(made, values, at=at, size=size, selection=selection)
        return own or solve(
            self.exported,
            values,
            at=at,
            notion=notion,
            size=size,
            continuum=continuum,
            selection=selection,
        )

    def certificate(
        self,
        values: Mapping[str, object],
        *,
        at: Mapping[str, object] | None = None,
        notion: str | None = None,
        size: int | None = None,
        continuum: bool = False,
        selection: str | None = None,
    ) -> dict[str, Any]:
        """What shows that the answer is right: see ``eqsolve.solve.certificate``."""
        from eqsolve.solve.certificate import certificate
        from eqsolve.solve.certificate_types import certificate_of_types

        made = self._program(values, Asked(notion, size, continuum))
        if made.inputs.typed:
            return certificate_of_types(made, values, at=at, size=size, selection=selection)
        return certificate(made, values, at=at, size=size, selection=selection)

    @property
    def arguments(self) -> tuple[str, ...]:
        """Those of the function that the file exports; none if it exports a model."""
        if self.note is not None:
            return self.note.arguments
        from eqsolve.game.structure import structure

        return tuple(structure(self.exported))

    def _recalled(self, values: Mapping[str, object], asked: Asked) -> Program | None:
        """The program that was kept for what is asked.

        Raises
        ------
        InputError
            If the game has no such notion or size.
        """
        if self.note is None:
            return None
        wanted, chosen = asked.chosen(self.note.arguments, values)
        found = store.recalled(self.content, chosen)
        if TYPES in self.note.arguments and not (found and found.inputs.takes(values)):
            found = store.recalled(self.content, {**chosen, TYPES: True})
            if found is not None and not of_types(found.inputs, values):
                return None
        if found is not None:
            function = bool(self.note.arguments)
            wanted.check(found.game, found.notion, found.size is not None, function)
        return found

    def _program(self, values: Mapping[str, object], asked: Asked) -> Program:
        """The program for what is asked."""
        return self._recalled(values, asked) or self._made(values, asked)

    def keep(self, values: Mapping[str, object], asked: Asked) -> None:
        """Derive the program for what is asked, and keep it.

        Raises
        ------
        EqsolveError
            If the game has no such structure, or cannot be derived.
        """
        self._made(values, asked)

    def cases(self, notion: str | None = None) -> Mapping[str, Mapping[str, object]]:
        """The named sets of parameters; none if there is no such notion."""
        return self._cases().get(notion or "", {})

    def _made(self, values: Mapping[str, object], asked: Asked) -> Program:
        """The program, derived and kept."""
        from eqsolve.derivation.derivation import derived
        from eqsolve.game.structure import build
        from eqsolve.program.make import program

        arguments = self.arguments
        model = build(
            self.exported, values, notion=asked.notion, size=asked.size, continuum=asked.continuum
        )
        typed = model.game.crowd is not None and bool(model.game.crowd.own)
        made = program(derived(model), None if typed else model)
        if self.content:
            _, chosen = asked.chosen(arguments, values)
            if typed and TYPES in arguments:
                chosen[TYPES] = True
            cases = self._cases() if self.note is None else self.note.cases
            store.remember(self.content, store.Head(model.name, arguments, cases), chosen, made)
        return made

    def _cases(self) -> dict[str, Mapping[str, Mapping[str, str]]]:
        """The named sets by notion, where the game has it."""
        from eqsolve.game import Model, Notion

        exported, notions = self.exported, get_args(Notion)
        if isinstance(exported, Model):
            return dict.fromkeys(("", *notions), exported.cases)
        found = {"": exported().cases}
        if "notion" not in self.arguments:
            return found | dict.fromkeys(notions, found[""])
        for notion in notions:
            try:
                found[notion] = exported(notion=notion).cases
            except EqsolveError:  # the game has no such notion
                continue
        return found
