"""Whether the geometry vector G of Eq. 6 collapsed during a training."""

COLLAPSED = 0.1  # of the variance of G before the first step


CONSTANT = 0.01  # of the mean square of G: with less variance than this G says next to nothing about a face


def collapse_verdict(first: float, last: float, share: float) -> str:
    """On G's variance before the first step and after the last, and its last share of G's mean square."""
    if last < COLLAPSED * first:
        return "collapsed"
    return "next to constant" if share < CONSTANT else "still varies"
