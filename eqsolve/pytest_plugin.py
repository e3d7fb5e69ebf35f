"""A pytest plugin for the repository of a paper: one test per numbered equation.

``pytest --eqsolve paper.tex`` compares every numbered or labelled formula with the derivation.
What differs fails; what was not checked is skipped with the reason. With ``--eqsolve-game`` the
file is compared with one game, a name or the path of a file. Verdicts are those of
``eqsolve latex --check``. Nothing else of eqsolve is imported unless the option is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from eqsolve.latex.checking.verdict import Finding


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("eqsolve", "equations of a paper")
    group.addoption(
        "--eqsolve",
        metavar="FILE.tex",
        default=None,
        help="compare every numbered equation of this file with the derivation",
    )
    group.addoption(
        "--eqsolve-symbols",
        metavar="MAP.toml",
        default=None,
        help="the notation of the file: a table of the author's symbols",
    )
    for name, metavar, text in (
        ("game", "GAME", "compare with one game only, a name or the path of a file"),
        ("notion", "NOTION", "the notion of equilibrium of a declared game"),
        ("size", "N|continuum", "the number of players of a declared game"),
    ):
        group.addoption(f"--eqsolve-{name}", metavar=metavar, default=None, help=text)
    group.addoption(
        "--eqsolve-require",
        metavar="all|any|N",
        default="any",
        help="fail unless all, any (the default) or N of the equations were checked",
    )
    group.addoption(
        "--eqsolve-tags-only",
        action="store_true",
        default=False,
        help="ignore the numbers that LaTeX counts: only tags, labels and the map tell",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect the file in addition to what was asked for, or instead of the default."""
    file = config.getoption("--eqsolve", default=None)
    if file is None:
        return
    required = config.getoption("--eqsolve-require")
    if required not in ("all", "any") and not (required.isascii() and required.isdecimal()):
        raise pytest.UsageError(f"--eqsolve-require: {required!r} is not 'all', 'any' or a number")
    path = (config.invocation_params.dir / file).resolve()
    if not path.is_file():
        raise pytest.UsageError(f"--eqsolve: there is no file {file!r}")
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args[:] = []
    config.args.append(str(path))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the author's file."""
    file = parent.config.getoption("--eqsolve", default=None)
    if file is None or file_path != (parent.config.invocation_params.dir / file).resolve():
        return None
    collected: pytest.Collector = Paper.from_parent(parent, path=file_path)
    return collected


class Paper(pytest.File):
    """An author's LaTeX file."""

    def collect(self) -> Iterator[pytest.Item]:
        """One test per numbered equation, with the abbreviations introduced before it.

        Raises
        ------
        CollectError
            If the file, the symbol map or the game cannot be read.
        """
        from eqsolve.cli.latex import displays
        from eqsolve.errors import EqsolveError
        from eqsolve.latex.checking.check import check
        from eqsolve.latex.checking.symbol_map import SymbolMap, read_symbols

        symbols, game, notion, size = (
            self.config.getoption(f"--eqsolve-{name}", default=None)
            for name in ("symbols", "game", "notion", "size")
        )
        try:
            symbol_map = SymbolMap()
            if symbols is not None:
                symbol_map = read_symbols(self.config.invocation_params.dir / symbols)
            counted = not self.config.getoption("--eqsolve-tags-only")
            ledger = displays(game, notion, size)
            report = check(self.path, ledger, symbol_map, counted=counted)
        except EqsolveError as error:
            raise self.CollectError(str(error)) from error
        grouped: dict[str, list[Finding]] = {}
        for finding in report.findings:
            name = finding.number or finding.label or finding.place
            same = grouped.get(name)
            if same and not same[-1].abbreviation:
                name = f"{name} at {finding.place}"
            grouped.setdefault(name, []).append(finding)
        for name, findings in grouped.items():
            yield Equation.from_parent(self, name=name, findings=tuple(findings))
        required = self.config.getoption("--eqsolve-require")
        lacking = report.lacks(required if required in ("all", "any") else int(required[:6]))
        if lacking:
            yield Lacking.from_parent(self, name="required", lacking=f"{lacking}: {report.summary}")


class Equation(pytest.Item):
    """The verdict on one numbered equation."""

    def __init__(self, *, findings: tuple[Finding, ...], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._findings = findings

    def runtest(self) -> None:
        """Fail if the equation differs; skip if it was not checked."""
        wrong = [f for f in self._findings if f.verdict == "different"]
        if wrong:
            raise Difference("\n".join(map(str, wrong)))
        for finding in self._findings:
            if finding.verdict == "not checked":
                reasons = {part.reason for part in finding.parts if part.reason}
                pytest.skip(f"not checked: {'; '.join(sorted(reasons))}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the difference, not a traceback."""
        if isinstance(excinfo.value, Difference):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """File, line and number for reports."""
        name, _, line = self._findings[-1].place.rpartition(":")
        return self.path.parent / name, int(line) - 1, f"equation ({self.name})"


class Lacking(pytest.Item):
    """Less was checked than is required."""

    def __init__(self, *, lacking: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._lacking = lacking

    def runtest(self) -> None:
        """Fail and say what is lacking."""
        raise Difference(self._lacking)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what is lacking, not a traceback."""
        if isinstance(excinfo.value, Difference):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The file for reports."""
        return self.path, None, f"{self.path.name}: what must be checked"


class Difference(Exception):
    """An equation that differs from the derivation."""
