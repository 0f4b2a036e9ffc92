"""Facial action unit intensity from raw videos: the G2RL paper (IJCAI-20), rebuilt end to end."""

__version__ = "0.1.0"
