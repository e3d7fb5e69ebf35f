"""The commands that read other files, and those whose text TeX takes as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from eqsolve.latex.source.macros import written
from eqsolve.latex.source.scanner import Token
from eqsolve.latex.source.unseen import SOLUTIONS

if TYPE_CHECKING:
    from eqsolve.latex.source.expansion import Expander

#: Tells that a file was left out, or is not there, whose equations are not counted.
SKIPPED_FILE = Token("command", r"\-skipped-file")
MISSING_FILE = Token("command", r"\-missing-file")
#: Endings of files that are pictures, tables or lists of sources.
_WITHOUT_EQUATIONS = frozenset(
    ".pdf_tex .pgf .tikz .pstex_t .bbl .ind .gls .acr .eps_tex .svg_tex .toc .lof .lot .cfg".split()
)


def _file_name(expander: Expander) -> tuple[str, bool]:
    """The name, in braces or up to a blank; whether there are braces."""
    token = expander.peek()
    if token is not None and token.kind == "open":
        return expander.text(), True
    name = ""
    while (token := expander.raw()) is not None:
        if token.kind != "text":
            expander.push([token])
            break
        name += token.text
    return name, False


def _folders(expander: Expander, folder: str = "") -> tuple[Path, ...]:
    """LaTeX looks beside the main file; what is beside the inputting one is found, too."""
    root, here = expander.files.main.parent, expander.path.parent
    return (root / folder, here / folder) if folder else (root, here)


def _input(expander: Expander, token: Token) -> None:
    """``\\input``, ``\\include``, ``\\subfile``, ``\\import`` and the like."""
    command = token.text
    folder = ""
    if command.strip("\\*") in (
        "import",
        "subimport",
        "includefrom",
        "inputfrom",
        "subincludefrom",
    ):
        expander.accepts("*")
        folder = expander.text()
    name, has_braces = _file_name(expander)
    shown = rf"{command}{{{folder}{name}}}" if has_braces else f"{command} {name}"
    if "include" in command and expander.only is not None and name not in expander.only:
        expander.push([SKIPPED_FILE])
        return
    file = expander.files.found(name, _folders(expander, folder))
    if file is None:
        expander.missing.append(f"{token.place}: {shown}")
        if "document" in expander.environments and not name.endswith(tuple(_WITHOUT_EQUATIONS)):
            expander.push([MISSING_FILE])
    else:
        expander.enter(file)


def _input_if(expander: Expander, token: Token) -> None:
    """``\\InputIfFileExists{name}{yes}{no}``."""
    file = expander.files.found(expander.text(), _folders(expander))
    yes, no = expander.argument(), expander.argument()
    expander.push(no if file is None else yes)
    if file is not None:
        expander.enter(file)


def _package(expander: Expander, token: Token) -> None:
    """A package of the author's defines macros."""
    options = written(expander.optional() or ())
    names = [name.strip() for name in expander.text().split(",")]
    for name in reversed(names):
        file = expander.files.found(name, _folders(expander), ".sty")
        if file is not None and file.suffix == ".sty":
            expander.enter(file, is_package=True)
    if "autonum" in names or "showonlyrefs" in options:
        setting = [Token("open", "{"), Token("text", "showonlyrefs"), Token("close", "}")]
        expander.push([Token("command", r"\mathtoolsset"), *setting])


def _class(expander: Expander, token: Token) -> None:
    options = written(expander.optional() or ())
    name = expander.text()
    if expander.document_class and token.text != r"\LoadClass":
        return
    if name == "subfiles":
        # a part by itself has the preamble of the whole
        file = expander.files.found(options, _folders(expander))
        if file is not None and file != expander.files.main:
            expander.enter(file, "preamble")
        return
    expander.document_class, expander.class_options = name, options
    if name == "exam" and "answers" not in options:
        expander.in_boxes |= SOLUTIONS
    file = expander.files.found(name, _folders(expander), ".cls")
    if file is not None and file.suffix == ".cls":
        expander.enter(file, is_package=True)


def _include_only(expander: Expander, token: Token) -> None:
    expander.only = frozenset(name.strip() for name in expander.text().split(","))


def _end_input(expander: Expander, token: Token) -> None:
    scanner = expander.current()
    if scanner is not None:
        scanner.finish()


def _verbatim(expander: Expander, token: Token) -> None:
    """``\\verb|..|`` and addresses, in which ``%`` and dollars mean nothing."""
    if not expander.is_in_file():
        expander.accepts("*")
        expander.argument()
        return
    scanner = expander.scanner
    if scanner is None:
        return
    # nothing is looked at before it is known how it ends
    scanner.skip_options()
    if token.text in (r"\mintinline", r"\SaveVerb"):
        scanner.skip_delimited()
    scanner.skip_delimited()


def _skip_own(expander: Expander, token: Token) -> None:
    expander.skip_own(token)


COMMANDS: dict[str, Callable[[Expander, Token], None]] = {
    **dict.fromkeys(
        r"\input \include \subfile \subfileinclude \import \subimport \includefrom \inputfrom "
        r"\subincludefrom \subinputfrom \@input \@@input \loadglsentries".split(),
        _input,
    ),
    r"\InputIfFileExists": _input_if,
    **dict.fromkeys(r"\usepackage \RequirePackage".split(), _package),
    **dict.fromkeys(r"\documentclass \LoadClass \documentstyle".split(), _class),
    r"\includeonly": _include_only,
    r"\endinput": _end_input,
    **dict.fromkeys(
        r"\verb \Verb \spverb \SaveVerb \lstinline \mintinline \url \href \path \nolinkurl".split(),
        _verbatim,
    ),
    **dict.fromkeys(r"\comment \verbatim \lstlisting \minted".split(), _skip_own),
}
