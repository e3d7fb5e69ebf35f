"""Games that are loaded when something of their files is needed, also in other processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from eqsolve.errors import InputError
from eqsolve.registry import adopt, adopted, is_installed, letters, model, resolve

if TYPE_CHECKING:
    from eqsolve.notated.published import Published
    from eqsolve.places import Found

R = TypeVar("R")
P = ParamSpec("P")


def again(path: str, content: str) -> None:
    """Adopt the file of another process, which must hold the same content here.

    Raises
    ------
    InputError
        If it does not, or as :func:`adopt`.
    """
    name = adopt(path)
    if resolve(name).content_hash != content:
        raise InputError(
            f"{path} has changed, or is another file in this process.",
            game=name,
            stage="games",
            remedy="Start again.",
        )


@dataclass(frozen=True)
class Handle:
    """A game that is loaded when something of its file is needed, also in another process.

    A user's file travels by its path and content.
    """

    name: str

    @property
    def found(self) -> Found:
        """The game, loaded.

        Raises
        ------
        UnknownGameError, BrokenGameError
            As :func:`resolve`.
        """
        return resolve(self.name)

    @property
    def model(self) -> Published:
        """The declaration that the present verbs work on.

        Raises
        ------
        UnknownGameError, BrokenGameError, InputError
            As the function of this name.
        """
        return model(self.name)

    @property
    def installed(self) -> bool:
        """Whether its name says what it is: no file that was named by its path has the name."""
        return is_installed(self.name)

    def letters(self) -> None:
        """Make its letters known without loading it."""
        letters(self.name)

    def __getstate__(self) -> dict[str, object]:
        found = adopted(self.name)
        if found is not None and found.path is None:
            raise InputError(
                "other processes cannot be handed a model.",
                game=self.name,
                stage="sweep",
                remedy="Name the game's file, or use threads.",
            )
        file = None if found is None else (str(found.path), found.content_hash)
        return {"name": self.name, "file": file}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state["file"] is not None:
            again(*state["file"])
        object.__setattr__(self, "name", state["name"])


def by_handle(
    public: Callable[Concatenate[Handle, P], R],
) -> Callable[Concatenate[Handle | str, P], R]:
    """Let a public function that takes a game unloaded take its name or the path of its file."""

    @wraps(public)
    def named(game: Handle | str, /, *args: P.args, **how: P.kwargs) -> R:
        return public(Handle(adopt(game)) if isinstance(game, str) else game, *args, **how)

    return named
