"""Hostile command lines, drawn with a seed: none may end in a traceback or print raw control marks.

Run by hand, ``python tests/hostile.py SEED COUNT``; what it finds becomes a test.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

from eqsolve.cli import cli

#: Values that no option is made for.
VALUES = [
    *("", " ", "nan", "inf", "-inf", "1e400", "1e-400", "-0", "0", "-1", "1", "2.5", "1/3", "1/0"),
    *("0x10", "1_000", "1e", "--", "=", "x=", "=1", "a=b=c", "x=1,x=2", "x=nan", "t=-1", "t=1e9"),
    *("²", "x=²", "③", "١٢", "1\u00a0", "\u202e1", "\x1b[31m", "\udcff", "\u2028", "e\u0301"),
    *("9" * 400, "9" * 5000, "1" + "0" * 400 + "/3", "(" * 300, "[" * 300, "[1,2", "[[1],[2,3]]"),
    *("None", "True", "1j", "lambda", "__import__('os')", "{}", "%s%n", "$x^{", "\\input{x}", "#"),
    *("0:1:3", "0:1:1", "1:0:3", "0:1:-3", "0:1:1e9", "0:1:99999999999", "0:0:2", "-1:1:3:log"),
    *("list:", "list:1", "list:1,", "list:1,,2", "list:nan", "::", "0:1", "0:1:3:lin", "nan:1:3"),
    *("sobol:2^4", "sobol:-1", "sobol:2^99999", "random:0", "grid:3", "tcp://x", "threads", "all"),
    *("feedback", "open-loop", "planner", "given", "continuum", "value", "limit", "weibull:2,20"),
    *("gompertz:0,0", "weibull:", "weibull:nan,1", "piecewise:1,2", "none", "1e-300", "1e300"),
    *("status", "P", "pi", "k_x", "sigma", "n", "lam", "lambda", "T", "N", "agent", "b_1", "b_3"),
]
NAMES = [
    "sigma",
    "lambda",
    "lam",
    "n",
    "r",
    "T",
    "theta",
    "x",
    "",
    "²",
    "\u202e",
    "agent",
    "b_1",
    "self",
]
GAMES = [
    *("execution", "merton", "lq-mfg", "relative-wealth", "lacker-zariphopoulou-cara"),
    *("./own_game.py", "./own_game.py", "./broken.py", "./empty.py"),
    "regulator",
    "n-agent",
    "two-agent",
    "lq-regulator",
    "nope",
    "",
    ".",
    "./no.py",
    "/dev/null",
]
GOOD = {"regulator": ["sigma=1/2", "lambda=1/4"]}
GOOD["./own_game.py"] = "c=1 q=1/2 s=0.4 T=1 m0=0.5 v0=0.09".split()
GOOD["merton"] = "r=0.02 B=0.05 s=0.2 g=2 T=1".split()
GOOD["n-agent"] = (
    "r=.03 b=.12 nu=.2 sigma=.2 theta=.5 gamma=2 alpha=1 beta=.5 lambda=.6 n=3".split()
)
#: Most processor time of a command line, in seconds.
PATIENCE = 120
#: What takes minutes whatever its arguments, and what writes the source of a game.
SLOW = {"paper", "figures", "claims", "verify", "report"}
TEXTS = [
    *("", "{", "[]", "[[", "1", "a = 1", "a: 1", "a,b\n1,2\n", "\ufeffr = 0.1", '{"r": NaN}'),
    *('{"r": 1, "r": 2}', "r = nan", "r = 1e999", "r = {}", "r = [[]]", "[parameters]\nr = 'x'"),
    *("game = 3", "vary = 1", "[[agent]]", "agent = 3", "params = 3", "\udcff", "kind = 'mfg'"),
    *("[" * 5000, "r = " + "9" * 5000, "\\begin{equation} a = \\frac", "$$ x $", "\\input{a}"),
]


def files(folder: Path, rng: random.Random) -> str:
    """A path: of a text in some encoding, or of no file."""
    special = ["/dev/null", "/dev/zero", "/", str(folder), str(folder / "no"), "a\0b", "x" * 300]
    if rng.random() < 0.3:
        return rng.choice(special)
    suffix = rng.choice([".toml", ".json", ".csv", ".tex", ".py", ".yaml", ".parquet", ""])
    path = folder / f"{rng.choice(['a', 'é', chr(0x202E), '$x^{'])}{suffix}"
    encoding = rng.choice(["utf-8", "utf-16", "latin-1"])
    path.write_bytes(rng.choice(TEXTS).encode(encoding, "replace"))
    return str(path)


def value(option: click.Parameter, folder: Path, rng: random.Random) -> str:
    """Something for an option."""
    name = option.name or ""
    if name in ("file", "run_file", "points", "problem", "symbols", "check", "paper", "path"):
        return files(folder, rng)
    if name in ("out", "plot", "junit", "badge"):
        return rng.choice([str(folder / "o.csv"), str(folder / "o.png"), files(folder, rng)])
    if name in ("pairs", "vary", "at") and rng.random() < 0.8:
        return f"{rng.choice(NAMES)}={rng.choice(VALUES)}"
    return rng.choice(VALUES)


def command(rng: random.Random, folder: Path) -> list[str]:
    """One command line."""
    name = rng.choice(sorted(set(cli.commands) - SLOW))
    words, game = [name], rng.choice(GAMES)
    chosen: Any = cli.commands[name]
    for option in chosen.params:
        if isinstance(option, click.Argument):
            words.append(game if option.name == "game" else value(option, folder, rng))
        elif option.required or rng.random() < 0.15:
            words.append(option.opts[-1])
            if not getattr(option, "is_flag", False):
                words.append(value(option, folder, rng))
    if rng.random() < 0.6:
        words += [part for pair in GOOD.get(game, []) for part in ("-p", pair)]
    return words


def out_of_patience(*_: Any) -> None:
    """End a command line as no command ends."""
    raise AssertionError(f"more than {PATIENCE} s of processor time")


def main(seed: int, count: int) -> int:
    """Run so many command lines; the number of those that fail the test."""
    signal.signal(signal.SIGPROF, out_of_patience)
    rng, bad = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        CliRunner().invoke(cli, ["new", "game", "own-game"])
        Path("broken.py").write_text("MODEL = 1 / 0\n", encoding="utf-8")
        Path("empty.py").write_text("", encoding="utf-8")
        for k in range(count):
            words = command(rng, Path(place))
            signal.setitimer(signal.ITIMER_PROF, PATIENCE)
            found = CliRunner().invoke(cli, words)
            signal.setitimer(signal.ITIMER_PROF, 0)
            ended = isinstance(found.exception, (SystemExit, type(None)))
            raw = [c for c in found.output if not c.isprintable() and c not in "\n"]
            if not ended or raw or found.exit_code not in (0, 1, 2, 3, 4):
                bad += 1
                shown = [w if len(w) < 60 else f"{w[:50]}…{len(w)}" for w in words]
                print(k, found.exit_code, repr(found.exception)[:300], shown, raw[:3], flush=True)
    print(f"seed {seed}: {count} command lines, {bad} bad")
    return bad


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])) > 0)
