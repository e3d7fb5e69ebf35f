"""Errors of eqsolve: each names the game, the stage and the remedy."""

from __future__ import annotations

import os
from collections.abc import Iterable


def printable(text: str) -> str:
    """The text with everything but visible characters, blanks and line ends escaped.

    Names that come from files may hold what a terminal would obey, or marks that change the
    direction of writing, or parts that no encoding has.
    """
    shown = (c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
    return "".join(shown)


def near(name: object, known: Iterable[str]) -> str:
    """The question whether the known name most like this one was meant; empty if none is.

    What a caller gives for a name may be none, such as the key 1 of a mapping: nothing is like it.
    """
    from difflib import get_close_matches

    if not isinstance(name, str):
        return ""
    by_lower = {one.lower(): one for one in known}
    meant = get_close_matches(name.lower(), by_lower, n=1)
    return f"Did you mean {by_lower[meant[0]]!r}? " if meant else ""


class EqsolveError(Exception):
    """Base of all errors a user can meet.

    Parameters
    ----------
    message : what went wrong, one sentence.
    game : name of the game, if one is concerned.
    stage : stage of the pipeline (``"input"``, ``"matching"``, ``"solving"``, ...).
    remedy : what the user can do about it.
    """

    exit_code = 1

    def __init__(self, message: str, *, game: str = "", stage: str = "", remedy: str = "") -> None:
        self.message, self.game, self.stage, self.remedy = message, game, stage, remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.game, self.stage) if part)
        text = f"{where}: {self.message}" if where else self.message
        return printable(f"{text} {self.remedy}" if self.remedy else text)

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the sentence, or with EQSOLVE_TRACEBACK=1 where it comes from."""
        if os.environ.get("EQSOLVE_TRACEBACK") == "1":
            import traceback  # it imports much

            return traceback.format_exception(self)
        return [f"{type(self).__name__}: {self}"]


class InputError(EqsolveError):
    """A parameter, name, file or option given by the user is not acceptable."""

    exit_code = 2


class UnknownGameError(InputError):
    """There is no game of the name given."""


class BrokenGameError(InputError):
    """The file of a game cannot be used, for a ``reason``, at a ``line`` where that is known."""

    def __init__(
        self,
        reason: str,
        *,
        path: str | os.PathLike[str],
        line: int | None = None,
        game: str = "",
    ) -> None:
        self.reason, self.path, self.line = reason, os.fspath(path), line
        where = self.path if line is None else f"{self.path}, line {line}"
        super().__init__(
            f"{where}: {reason}.", game=game, stage="games", remedy="Mend the file of the game."
        )


class MissingPartError(EqsolveError):
    """An optional part (an external program, a package) is not installed."""

    exit_code = 3


class NoSolutionError(EqsolveError):
    """No equilibrium exists at these parameters, or a method did not converge."""

    exit_code = 4


class DerivationError(EqsolveError):
    """A declaration is refused: a symbolic stage cannot represent it."""

    exit_code = 2


class StaleError(EqsolveError):
    """A generated file differs from what would be generated now."""
