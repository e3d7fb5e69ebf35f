"""Compiled kernels, generated from closed forms."""
