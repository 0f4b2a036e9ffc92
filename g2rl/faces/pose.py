"""Head pose from the 68 landmarks."""

import cv2
import numpy as np

# (68, 3) x, y, z: an average face, right, down and away from the camera, in distances between the outer eye
# corners, from their middle; the landmarks of people drawn from MakeHuman's CC0 head, made symmetric.
SHAPE = np.fromstring(
    """
    -.83 -.06 .86  -.83 .17 .85  -.76 .41 .67  -.68 .59 .32  -.64 .77 .34  -.51 .98 .22  -.40 1.16 .22
    -.17 1.25 .01  0 1.28 .02  .17 1.25 .01  .40 1.16 .22  .51 .98 .22  .64 .77 .34  .68 .59 .32
    .76 .41 .67  .83 .17 .85  .83 -.06 .86  -.62 -.21 .10  -.57 -.30 .05  -.38 -.33 -.10  -.28 -.29 -.15
    -.08 -.23 -.18  .08 -.23 -.18  .28 -.29 -.15  .38 -.33 -.10  .57 -.30 .05  .62 -.21 .10  0 -.02 -.15
    0 .08 -.18  0 .24 -.27  0 .39 -.38  -.16 .47 -.17  -.08 .49 -.22  0 .54 -.24  .08 .49 -.22
    .16 .47 -.17  -.50 -.01 .02  -.39 -.05 -.06  -.30 -.05 -.06  -.21 .01 -.02  -.31 .04 -.04
    -.40 .04 -.04  .21 .01 -.02  .30 -.05 -.06  .39 -.05 -.06  .50 -.01 .02  .40 .04 -.04  .31 .04 -.04
    -.25 .78 -.12  -.17 .72 -.23  -.07 .68 -.27  0 .68 -.28  .07 .68 -.27  .17 .72 -.23  .25 .78 -.12
    .15 .85 -.21  .07 .90 -.22  0 .91 -.23  -.07 .90 -.22  -.15 .85 -.21  -.18 .78 -.16  -.07 .76 -.20
    0 .76 -.21  .07 .76 -.20  .18 .78 -.16  .06 .77 -.21  0 .77 -.22  -.06 .77 -.21
    """,
    sep=" ",
).reshape(68, 3)


def head_pose(points: np.ndarray, width: int, height: int) -> tuple[float, float, float]:
    """The head's rotation against the camera, by all 68 points (``cv2.solvePnP``, SQPnP).

    The focal length is not known; it is taken for the image's longer side. On drawn faces of other people,
    seen through a lens of 1.4 times that, the standard error is 3° of pitch and 2° of yaw and roll.

    Args:
        points: (68, 2) pixels of the image.
        width, height: of the image.

    Returns:
        Pitch (positive: the face looks down), yaw (positive: towards the image's left) and roll (positive:
        clockwise) in degrees, from rotations R = Rx·Ry·Rz, as OpenFace has them.
    """
    focal = max(width, height)
    camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], np.float64)
    _, turn, _ = cv2.solvePnP(SHAPE, points.astype(np.float64), camera, None, flags=cv2.SOLVEPNP_SQPNP)
    R = cv2.Rodrigues(turn)[0]
    pitch, yaw = np.arctan2(-R[1, 2], R[2, 2]), np.arcsin(np.clip(R[0, 2], -1, 1))
    pitch, yaw, roll = np.degrees([pitch, yaw, np.arctan2(-R[0, 1], R[0, 0])]).tolist()
    return pitch, yaw, roll
