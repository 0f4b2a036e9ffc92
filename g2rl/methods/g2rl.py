"""G2RL: heatmaps of AU points by the heatmap network, guided by the landmarks' geometry in training."""

from g2rl.network.model_file import read_model as read
from g2rl.training.loop import train

TITLE = "G2RL"

__all__ = ["TITLE", "read", "train"]
