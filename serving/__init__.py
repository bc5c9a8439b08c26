"""Triton on this machine, from its wheel."""
