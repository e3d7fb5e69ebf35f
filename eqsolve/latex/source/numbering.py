"""The commands that change what LaTeX counts, and equations numbered as a group."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eqsolve.latex.source.counters import SECTIONS, Counters
from eqsolve.latex.source.expansion import Expander
from eqsolve.latex.source.macros import Macro, Meaning, Register, written
from eqsolve.latex.source.scanner import Token

#: How many groups of equations are in one another.
_MOST_GROUPS = 10


@dataclass
class Group:
    """Equations that are numbered together."""

    names: list[str]
    after: int | None
    #: What ``\\theequation`` means again if no TeX group restores it.
    restored: Meaning | None = None


class Numbering:
    """Executes what changes the numbers of equations."""

    def __init__(self, path: Path) -> None:
        self._expander = Expander(path)
        self._counters = Counters(self._expander.meanings)
        self._counters.choose_class("")
        self._counters.doubted = lambda: bool(self._expander.uncertain)
        self._expander.counted = lambda name: self._counters.values.get(name)
        self._groups: list[Group] = []
        #: Whether only equations that are referred to have numbers.
        self._selects = False
        #: Environments of text of the author's, and what each of them counts.
        self._theorems: dict[str, str] = {}

    def _unknown(self, why: str) -> None:
        self._counters.why = why
        self._counters.set("equation", None)

    def _open_group(self, everywhere: bool = False) -> None:
        counters = self._counters
        counters.step("equation")
        # LaTeX has no groups in groups; a number grows with each of them
        number = self._printed() if len(self._groups) < _MOST_GROUPS else ""
        meanings = self._expander.meanings
        former = meanings.get(r"\theequation") if everywhere else None
        after = counters.values["equation"]
        self._groups.append(Group([number] if number else [], after, former))
        parent = Macro((), (Token("command", r"\-unknown"),))
        if number:
            parent = Macro((), (Token("text", number),))
        elif len(self._groups) <= _MOST_GROUPS:
            parent = Macro((), tuple(self._expander.spelled([Token("command", r"\theequation")])))
        meanings.define(r"\theparentequation", parent, everywhere)
        name = [Token("open", "{"), Token("text", "equation"), Token("close", "}")]
        body = (Token("command", r"\theparentequation"), Token("command", r"\alph"), *name)
        meanings.define(r"\theequation", Macro((), body), everywhere)
        counters.set("equation", 0 if number else None)

    def _close_group(self) -> None:
        group = self._groups.pop()
        self._counters.set("equation", group.after)
        if group.restored is not None:
            self._expander.meanings.define(r"\theequation", group.restored, everywhere=True)

    def _printed(self) -> str:
        """The number that LaTeX prints now."""
        if self._selects:
            self._counters.why = "only equations that are referred to have numbers"
            return ""
        tokens = self._expander.spelled([Token("command", r"\theequation")])
        return self._counters.number(tokens)

    def _group_names(self) -> tuple[str, ...]:
        return tuple(self._groups[-1].names) if self._groups else ()

    def _counted(self, token: Token) -> bool:
        """Execute a command that changes a counter; whether it is one."""
        if token.kind != "command":
            return False
        run = _COUNTER_COMMANDS.get(token.text)
        if token.text.startswith(r"\c@"):
            run = Numbering._assign
        if run is not None:
            run(self, token.text)
        return run is not None

    def _value(self) -> int | None:
        """An argument as a number."""
        tokens = self._expander.spelled(self._expander.argument())
        text = self._counters.number(tokens) if tokens else ""
        digits = text.removeprefix("-")
        if len(digits) > 9 or not (digits.isascii() and digits.isdecimal()):
            return None
        return int(text)

    def _set_counter(self, command: str) -> None:
        counter, value = self._expander.text(), self._value()
        if command == r"\addtocounter":
            self._counters.add(counter, value)
        elif counter == "secnumdepth":
            self._counters.set_depth(value)
        else:
            if value is None:
                self._counters.why = f"{command} gives {counter} a value that is not known"
            self._counters.set(counter, value)

    def _assign(self, command: str) -> None:
        """``\\c@equation=3``."""
        self._expander.everywhere = False
        if self._expander.accepts("="):
            self._counters.set(command.removeprefix(r"\c@"), self._expander.number())

    def _advance(self, command: str) -> None:
        """``\\advance\\c@equation by 3``."""
        self._expander.everywhere = False
        token = self._expander.peek()
        if token is not None and token.text.startswith(r"\c@"):
            self._expander.raw()
            self._expander.accepts("by")
            self._counters.add(token.text.removeprefix(r"\c@"), self._expander.number())
            return
        held = self._expander.meanings.get(token.text) if token is not None else None
        if token is not None and isinstance(held, Register):
            self._expander.raw()
            self._expander.accepts("by")
            more = self._expander.number()
            known = held.value is not None and more is not None
            total = (held.value or 0) + (more or 0)
            self._expander.define(token.text, Register(total if known else None))

    def _list(self, command: str) -> None:
        """``\\usecounter``: the items of a list are counted."""
        if self._expander.text() == "equation":
            self._unknown("the items of a list are counted with the equations")

    def _options(self, command: str) -> None:
        """``\\mathtoolsset{showonlyrefs}``."""
        found = re.search(r"showonlyrefs\s*(?:=\s*(\w+))?", self._expander.text())
        if found is not None:
            self._selects = found.group(1) != "false"

    def _set_depth(self, command: str) -> None:
        """``\\setsecnumdepth{subsection}`` of memoir."""
        self._counters.set_depth(SECTIONS.get(self._expander.text()))

    def _step_counter(self, command: str) -> None:
        self._counters.step(self._expander.text())

    def _within(self, command: str) -> None:
        write = command != r"\@addtoreset" and not self._expander.accepts("*")
        if self._expander.optional() is not None:
            write = True
        counter, above = self._expander.text(), self._expander.text()
        if write and counter == "equation" and self._counters.has_chapters is None:
            self._counters.why = ""
        self._counters.reset_within(counter, above, write)

    def _without(self, command: str) -> None:
        write = command != r"\@removefromreset" and not self._expander.accepts("*")
        counter, above = self._expander.text(), self._expander.text()
        self._counters.no_longer_within(counter, above, write)

    def _new_theorem(self, command: str) -> None:
        """Theorems may be counted with the equations."""
        if self._expander.accepts("*"):
            self._theorems[self._expander.text()] = ""
            self._expander.argument()
            return
        name = self._expander.text()
        shared = self._expander.optional()
        self._expander.argument()
        within = self._expander.optional()
        if shared is not None:
            counter = written(shared).strip()
            self._theorems[name] = self._theorems.get(counter, counter)
            return
        self._theorems[name] = name
        self._counters.the(name, None)
        self._counters.set(name, 0)
        if within is not None:
            self._counters.reset_within(name, written(within).strip(), True)

    def _declare_theorem(self, command: str) -> None:
        """``\\declaretheorem[sibling=equation]{name}``."""
        options = written(self._expander.optional() or ())
        name = self._expander.text().partition(",")[0]
        options += written(self._expander.optional() or ())
        found = re.search(
            r"(?:sibling|sharenumber|numberlike|sharecounter)\s*=\s*\{?(\w+)", options
        )
        within = re.search(r"(?:numberwithin|within|parent)\s*=\s*\{?(\w+)", options)
        counter = found.group(1) if found else name
        self._theorems[name] = self._theorems.get(counter, counter)
        if found is None:
            self._counters.the(name, None)
            self._counters.set(name, 0)
            if within is not None:
                self._counters.reset_within(name, within.group(1), True)

    def _new_box(self, command: str) -> None:
        """``\\newtcolorbox[init]{name}``, ``\\newmdenv[options]{name}``: boxes around text."""
        options = written(self._expander.optional() or ())
        counts = re.search(r"(?:counter from|use counter)\s*=\s*\{?(\w+)", options)
        name = self._expander.text()
        found = counts.group(1) if counts else ""
        self._theorems[name] = self._theorems.get(found, found)

    def _new_counter(self, command: str) -> None:
        name = self._expander.text()
        within = self._expander.optional()
        self._counters.set(name, 0)
        self._counters.the(name, None)
        if within is not None:
            self._counters.reset_within(name, written(within).strip(), False)


_COUNTER_COMMANDS: dict[str, Callable[[Numbering, str], None]] = {
    r"\setcounter": Numbering._set_counter,
    r"\addtocounter": Numbering._set_counter,
    r"\advance": Numbering._advance,
    **dict.fromkeys((r"\setsecnumdepth", r"\maxsecnumdepth"), Numbering._set_depth),
    r"\usecounter": Numbering._list,
    r"\mathtoolsset": Numbering._options,
    r"\stepcounter": Numbering._step_counter,
    r"\refstepcounter": Numbering._step_counter,
    r"\numberwithin": Numbering._within,
    r"\counterwithin": Numbering._within,
    r"\@addtoreset": Numbering._within,
    r"\counterwithout": Numbering._without,
    r"\@removefromreset": Numbering._without,
    r"\newtheorem": Numbering._new_theorem,
    r"\spnewtheorem": Numbering._new_theorem,
    r"\declaretheorem": Numbering._declare_theorem,
    r"\newcounter": Numbering._new_counter,
    **dict.fromkeys(
        r"\newtcolorbox \renewtcolorbox \NewTColorBox \DeclareTColorBox \newtcbtheorem "
        r"\NewTcbTheorem \newmdenv \newmdtheoremenv \newframedtheorem \newshadedtheorem".split(),
        Numbering._new_box,
    ),
}
