#!/bin/sh
# Fails if an equation of the paper differs from the derivation.
set -eu
pytest --eqsolve paper.tex --eqsolve-symbols notation.toml --junitxml build/junit.xml
# Files written by `eqsolve latex --out equations`, if the paper inputs them.
if [ -d equations ]; then
    eqsolve latex --out equations --fail-if-stale
fi
