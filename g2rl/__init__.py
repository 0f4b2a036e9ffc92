"""Facial action unit intensity from raw videos: the G2RL paper (IJCAI-20), rebuilt end to end."""

import os

__version__ = "0.1.0"

# OpenCV reads this when it is loaded: a picture of a few bytes may claim to be of a gigapixel.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**26))
