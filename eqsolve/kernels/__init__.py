"""Compiled evaluation of any model at many points."""
