"""Whether the geometry vector G of Eq. 6 collapsed during a training."""

COLLAPSED = 0.1  # of the variance of G before the first step: with less, G is nearly constant across faces
CONSTANT = 0.01  # of the mean square of G: with less variance, it is as well


def collapse_verdict(first: float, last: float, share: float) -> str:
    """Whether G collapsed.

    Args:
        first, last: its variance over faces before the first step and after the last.
        share: of the last variance in G's mean square.
    """
    if last < COLLAPSED * first:
        return "collapsed"
    return "nearly constant" if share < CONSTANT else "still varies"
