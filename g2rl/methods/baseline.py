"""Baseline: the same training as G2RL's with λ = 0 in Eq. 8, without guidance."""

from g2rl.methods.g2rl import read, train

TITLE = "Baseline"

__all__ = ["TITLE", "read", "train"]
