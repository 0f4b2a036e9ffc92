"""Denormal numbers are flushed while a network trains, and only then."""

import torch

from g2rl.training.cpu import denormals_flushed


def test_denormals_are_zero_within_and_kept_after():
    tiny = torch.tensor([1e-39])
    with denormals_flushed():
        assert float((tiny * 1).double()) == 0
    assert float((tiny * 1).double()) > 0
