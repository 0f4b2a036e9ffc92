"""What ``g2rl predict`` writes about an input besides its CSV: overlay, timeline, summary and page.

Each is a ``Writer``: it gets the frames of one input in order, and its file appears whole or not at all.
"""
