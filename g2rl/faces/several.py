"""Every face of a video followed from frame to frame, each under a number of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from g2rl.faces.identity import People, take_picture
from g2rl.faces.tracker import (
    OVERLAP,
    SURE,
    Box,
    Face,
    expected_box,
    find_all,
    find_near,
    overlap,
    predict_points,
)

SEARCH = 15  # every so many frames the whole image is searched for faces that came in
LOST = 15  # frames for which the place of a face that is not seen is remembered
ALIKE = 0.9  # correlation of a face's look with its last one, below which it may be another person's
LOOK = 16  # side of the picture that is compared, pixels


@dataclass(frozen=True)
class FoundFace:
    """A face in one frame: its number, the detector's score and box, and (68, 2) points."""

    face_id: int
    score: float
    box: Box
    points: np.ndarray


@dataclass(eq=False)
class _Track:
    """A face that is followed."""

    expected: Box  # where it would be detected now
    face_id: int = -1  # not known yet
    look: np.ndarray | None = None  # see `_look`
    unseen: int = 0  # frames since it was seen
    met: bool = False  # it has touched another since its person was last known


def find_faces(image: np.ndarray | None) -> list[FoundFace]:
    """The faces of a photo, (H, W, 3) uint8 RGB or None; numbered by size, the largest 0."""
    if image is None:
        return []
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    found = enumerate(find_all(grey))
    return [FoundFace(number, score, box, predict_points(grey, box)) for number, (score, box) in found]


class FacesTracker:
    """Finds the faces in one frame after another.

    A face is followed by the overlap of its boxes. Which person it is, is asked of dlib's face descriptor
    where that leaves doubt: of a face that comes in or returns, of one whose look changes from one frame to
    the next, as at a cut, and of those that part after they have touched. A face that comes in is noticed
    within ``SEARCH`` frames.
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._people = People()
        self._count = 0

    def __call__(self, image: np.ndarray | None) -> list[FoundFace]:
        """The faces of the next frame, (H, W, 3) uint8 RGB or None, by their numbers."""
        search = self._count % SEARCH == 0
        self._count += 1
        seen: dict[_Track, Face] = {}
        found: dict[_Track, FoundFace] = {}
        if image is not None:
            grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
            seen = self._follow(grey)
            if search or not seen or len(seen) < sum(not track.unseen for track in self._tracks):
                self._search(grey, seen)
            found = self._name(image, grey, seen, search)
        here = {face.face_id for face in found.values()}
        for track in self._tracks:
            track.unseen = 0 if track in seen else track.unseen + 1
        self._tracks = [
            *seen,
            *(t for t in self._tracks if t not in seen and t.unseen <= LOST and t.face_id not in here),
        ]
        return sorted(found.values(), key=lambda face: face.face_id)

    def _follow(self, grey: np.ndarray) -> dict[_Track, Face]:
        """The faces of the last frame that are found near their places, each once."""
        near = []
        for track in self._tracks:
            if not track.unseen and (face := find_near(grey, track.expected)):
                near.append((overlap(face[1], track.expected), track, face))
        seen: dict[_Track, Face] = {}
        for _, track, face in sorted(near, key=lambda each: -each[0]):
            if any(overlap(face[1], box) > OVERLAP for _, box in seen.values()):
                track.met = True
            else:
                seen[track] = face
        return seen

    def _search(self, grey: np.ndarray, seen: dict[_Track, Face]) -> None:
        """Add the other faces of the whole frame: lost ones at their places, and new ones."""
        sure = bool(seen)
        for score, box in find_all(grey):
            if (sure and score <= SURE) or any(overlap(box, known) > OVERLAP for _, known in seen.values()):
                continue
            lost = [
                each for each in self._tracks if each not in seen and overlap(box, each.expected) > OVERLAP
            ]
            track = max(lost, key=lambda each: overlap(box, each.expected), default=_Track(box))
            seen[track] = score, box

    def _name(
        self, image: np.ndarray, grey: np.ndarray, seen: Mapping[_Track, Face], search: bool
    ) -> dict[_Track, FoundFace]:
        """The faces with their points and the numbers of their people."""
        points = {track: predict_points(grey, box) for track, (_, box) in seen.items()}
        for track in seen:
            track.expected = expected_box(points[track])
        doubtful = [track for track in seen if self._is_doubtful(track, grey, seen)]
        taken = {track.face_id for track in seen if track not in doubtful}
        for track in doubtful:
            picture = take_picture(image, seen[track][1], points[track])
            track.face_id = self._people.recognise(picture, taken, track.face_id)
            taken.add(track.face_id)
        if search:
            for track in seen:
                if track not in doubtful and not track.met:
                    self._people.remember(track.face_id, take_picture(image, seen[track][1], points[track]))
        return {
            track: FoundFace(track.face_id, score, box, points[track]) for track, (score, box) in seen.items()
        }

    def _is_doubtful(self, track: _Track, grey: np.ndarray, seen: Mapping[_Track, Face]) -> bool:
        """Whether the person of a face has to be asked for."""
        before, track.look = track.look, _look(grey, track.expected)
        others = {*self._tracks, *seen} - {track}
        if any(overlap(track.expected, other.expected) > 0 for other in others):
            track.met = True
            return track.face_id < 0
        parted, track.met = track.met, False
        return parted or track.face_id < 0 or before is None or float(np.vdot(before, track.look)) < ALIKE


def _look(grey: np.ndarray, box: Box) -> np.ndarray:
    """(16, 16) float32: the face's picture, with mean 0 and norm 1."""
    left, top, right, bottom = (max(0, round(side)) for side in box)
    part = grey[top:bottom, left:right]
    if not part.size:
        return np.zeros((LOOK, LOOK), np.float32)
    small = cv2.resize(part, (LOOK, LOOK), interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= small.mean()
    return small / (np.linalg.norm(small) + 1e-6)
