"""Best response of one agent to given aggregates of the competitors (section 2.2 of the paper)."""

from __future__ import annotations

from dataclasses import replace

from eqsolve.derivations.mean_variance import declaration as mv

MODEL = replace(mv.RESPONSE, response=mv.RESPONSE)
