"""Head pose from the 68 landmarks."""

import cv2
import numpy as np

# (68, 3) x, y, z: an average face, right, down and away from the camera, in distances between the outer eye
# corners, from their middle; the landmarks of people drawn from MakeHuman's CC0 head, made symmetric, and
# turned so that a pitch of 0 is where OpenFace has it (on average over two videos, to 1°).
SHAPE = np.fromstring(
    """
    -.83 .04 .86  -.83 .26 .82  -.76 .49 .62  -.68 .63 .25  -.64 .80 .25  -.51 1.00 .11  -.40 1.18 .08
    -.17 1.24 -.13  0 1.27 -.12  .17 1.24 -.13  .40 1.18 .08  .51 1.00 .11  .64 .80 .25  .68 .63 .25
    .76 .49 .62  .83 .26 .82  .83 .04 .86  -.62 -.19 .13  -.57 -.30 .08  -.38 -.34 -.06  -.28 -.30 -.12
    -.08 -.25 -.15  .08 -.25 -.15  .28 -.30 -.12  .38 -.34 -.06  .57 -.30 .08  .62 -.19 .13  0 -.04 -.14
    0 .06 -.19  0 .20 -.29  0 .35 -.42  -.16 .45 -.22  -.08 .47 -.27  0 .51 -.30  .08 .47 -.27
    .16 .45 -.22  -.50 -.01 .02  -.39 -.05 -.05  -.30 -.05 -.05  -.21 .01 -.02  -.31 .03 -.04
    -.40 .04 -.04  .21 .01 -.02  .30 -.05 -.05  .39 -.05 -.05  .50 -.01 .02  .40 .04 -.04  .31 .03 -.04
    -.25 .76 -.21  -.17 .69 -.31  -.07 .64 -.35  0 .65 -.36  .07 .64 -.35  .17 .69 -.31  .25 .76 -.21
    .15 .82 -.30  .07 .87 -.32  0 .87 -.33  -.07 .87 -.32  -.15 .82 -.30  -.18 .75 -.25  -.07 .73 -.29
    0 .73 -.29  .07 .73 -.29  .18 .75 -.25  .06 .74 -.30  0 .74 -.31  -.06 .74 -.30
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
