"""Every face of a video followed from frame to frame, each under a number of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from g2rl.faces.boxes import Box, expected_box, overlap
from g2rl.faces.detectors import OVERLAP, SURE, Detector, Face
from g2rl.faces.identity import People, take_picture

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

    face: Face  # when it was last seen
    expected: Box  # where it would be detected now
    face_id: int = -1  # not known yet
    look: np.ndarray | None = None  # see `_look`
    unseen: int = 0  # frames since it was seen
    met: bool = False  # it has touched another since its person was last known


def find_faces(detector: Detector, image: np.ndarray | None) -> list[FoundFace]:
    """The faces of a photo, (H, W, 3) uint8 RGB or None; numbered by size, the largest 0."""
    if image is None:
        return []
    faces = detector.find_all(image if detector.COLOUR else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    return [FoundFace(number, *face) for number, face in enumerate(faces)]


class FacesTracker:
    """Finds the faces in one frame after another.

    A face is followed by the overlap of its boxes. Which person it is, is asked of dlib's face descriptor
    where that leaves doubt: of a face that comes in or returns, of one whose look changes from one frame to
    the next, as at a cut, and of those that part after they have touched. A face that comes in is noticed
    within ``SEARCH`` frames.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
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
            given = image if self._detector.COLOUR else grey
            seen = self._follow(given)
            if search or not seen or len(seen) < sum(not track.unseen for track in self._tracks):
                self._search(given, seen)
            found = self._name(image, grey, seen, search)
        here = {face.face_id for face in found.values()}
        for track in self._tracks:
            track.unseen = 0 if track in seen else track.unseen + 1
        self._tracks = [
            *seen,
            *(t for t in self._tracks if t not in seen and t.unseen <= LOST and t.face_id not in here),
        ]
        return sorted(found.values(), key=lambda face: face.face_id)

    def _follow(self, given: np.ndarray) -> dict[_Track, Face]:
        """The faces of the last frame that are found near their places, each once."""
        near = []
        for track in self._tracks:
            if not track.unseen and (face := self._detector.find_near(given, track.face.points)):
                near.append((overlap(face.box, track.expected), track, face))
        seen: dict[_Track, Face] = {}
        for _, track, face in sorted(near, key=lambda each: -each[0]):
            if any(overlap(face.box, known.box) > OVERLAP for known in seen.values()):
                track.met = True
            else:
                seen[track] = face
        return seen

    def _search(self, given: np.ndarray, seen: dict[_Track, Face]) -> None:
        """Add the other faces of the whole frame: lost ones at their places, and new ones."""
        sure = bool(seen)
        for face in self._detector.find_all(given):
            known = any(overlap(face.box, other.box) > OVERLAP for other in seen.values())
            if (sure and face.score <= SURE) or known:
                continue
            at = {each: overlap(face.box, each.expected) for each in self._tracks if each not in seen}
            lost = [each for each, common in at.items() if common > OVERLAP]
            seen[max(lost, key=lambda each: at[each], default=_Track(face, face.box))] = face

    def _name(
        self, image: np.ndarray, grey: np.ndarray, seen: Mapping[_Track, Face], search: bool
    ) -> dict[_Track, FoundFace]:
        """The faces with the numbers of their people."""
        for track, face in seen.items():
            track.face, track.expected = face, expected_box(face.points)
        doubtful = [track for track in seen if self._is_doubtful(track, grey, seen)]
        taken = {track.face_id for track in seen if track not in doubtful}
        for track in doubtful:
            picture = take_picture(image, track.face.box, track.face.points)
            track.face_id = self._people.recognise(picture, taken, track.face_id)
            taken.add(track.face_id)
        if search:
            for track in seen:
                if track not in doubtful and not track.met:
                    picture = take_picture(image, track.face.box, track.face.points)
                    self._people.remember(track.face_id, picture)
        return {track: FoundFace(track.face_id, *track.face) for track in seen}

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
