#!/usr/bin/env bash
# setuptools 80.9.0 with setuptools-rust 1.12.0: a command class named in setup.cfg is dropped.
#
# [options] cmdclass of setup.cfg names classes that extend the steps of a build. setuptools-rust
# enters its own ones when pyproject.toml has a table of extension modules, which is read first, and
# setuptools then takes the option for one that was already set and skips it without a word: the
# build succeeds, and the step is missing from the wheel. Without the table the class is used.
# Seen: "without the table: own.Step, with it: none".
# What helps: a setup.py that passes cmdclass to setup(), which comes before both files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
bin/pip install --quiet setuptools==80.9.0 setuptools-rust==1.12.0
cat > own.py <<'PYTHON'
from setuptools.command.build_py import build_py


class Step(build_py):
    pass
PYTHON
printf '[metadata]\nname = a\n[options]\npy_modules = own\ncmdclass =\n    build_py = own.Step\n' > setup.cfg
table='[[tool.setuptools-rust.ext-modules]]\ntarget = "a"\n'
cat > told.py <<'PYTHON'
from setuptools.dist import Distribution

found = Distribution()
found.parse_config_files()
step = found.cmdclass.get("build_py")
print("none" if step is None else f"{step.__module__}.{step.__name__}")
PYTHON
without=$(bin/python told.py)
printf "$table" > pyproject.toml
with=$(bin/python told.py)
echo "without the table: $without, with it: $with"
test "$without" = own.Step || { echo "the option is not read at all: look again" >&2; exit 1; }
test "$with" = none || { echo "the class is used now" >&2; exit 1; }
