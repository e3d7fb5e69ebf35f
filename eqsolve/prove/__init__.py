"""Proofs that another program checks: what was derived as theorems of Coq about real numbers."""
