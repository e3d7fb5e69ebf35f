#!/bin/sh
# Fails if an equation of the paper differs from the derivation. For any continuous integration;
# action/ has the same for GitHub.
set -eu
mkdir -p build
eqsolve latex --symbols notation.toml --require all --junit build/junit.xml \
    --badge build/badge.json --check paper.tex
# Files written by `eqsolve latex --out equations`, if the paper inputs them.
if [ -d equations ]; then
    eqsolve latex --out equations --fail-if-stale
fi
