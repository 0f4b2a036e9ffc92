"""What a model file says of its network, alike in every format, and what inference asks of a network."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from itertools import chain
from typing import Any

import numpy as np

from g2rl.action_units import map_au
from g2rl.config.alignment import DEFAULT_ALIGNMENT, Alignment
from g2rl.config.au_centres import centres_in_use
from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.rendered import PEOPLE_GROUP, is_rendered

KEY = "g2rl"  # of the description in a file's metadata


@dataclass(frozen=True, kw_only=True)
class Description:
    """A trained network as its file describes it.

    Attributes:
        aus: that it estimates, in order.
        settings: how it was trained.
        subjects: those it was trained on.
        alignment: of the faces that it was trained on.
        datasets: the names of those it was trained on, none if not known.
        image_sizes: of each network whose intensities are averaged; none for a single network.
    """

    aus: tuple[int, ...]
    settings: Settings
    subjects: frozenset[str] = frozenset()
    alignment: Alignment = DEFAULT_ALIGNMENT
    datasets: tuple[str, ...] = ()
    image_sizes: tuple[int, ...] = ()

    @property
    def trained_on(self) -> str:
        """What it was trained on, in words."""
        if self.rendered and self.subjects and all(map(PEOPLE_GROUP.fullmatch, self.subjects)):
            who = "rendered people"  # a subject of these datasets is a group of them
        else:
            who = f"{'rendered ' if self.rendered else ''}faces of {len(self.subjects)} subjects"
        return who + (f" ({', '.join(self.datasets)})" if self.datasets else "")

    @property
    def rendered(self) -> bool:
        """Whether it is known to have seen rendered faces alone."""
        return bool(self.datasets) and all(map(is_rendered, self.datasets))

    @property
    def heatmap_au(self) -> np.ndarray:
        """(P,) which AU (its index in ``aus``) each heatmap belongs to."""
        s = self.settings
        return map_au(self.aus, centres_in_use(s.centres, s.au_centres, self.aus), s.maps)

    def as_json(self) -> dict[str, Any]:
        """What ``parse_description`` reads."""
        aus, subjects = list(self.aus), sorted(self.subjects)
        known = {"aus": aus, "subjects": subjects, "alignment": self.alignment.as_json()}
        known |= {"datasets": self.datasets} if self.datasets else {}
        known |= {"image_sizes": self.image_sizes} if self.image_sizes else {}
        return known | asdict(self.settings)


@dataclass(frozen=True)
class Prediction:
    """Of B faces, K AUs and P points, all float32."""

    heatmaps: np.ndarray  # (B, P, S', S')
    intensity: np.ndarray  # (B, K) 0–5
    locations: np.ndarray  # (B, P, 2) x, y of each heatmap's maximum, pixels of the aligned 256×256 face


@dataclass(frozen=True, kw_only=True)
class FaceModel(Description, ABC):
    """A trained network, ready to run, whichever library runs it."""

    @abstractmethod
    def predict(self, faces: np.ndarray, landmarks: np.ndarray | None = None) -> Prediction:
        """Run the network on (B, S, S, 3) uint8 RGB aligned faces, S being ``settings.image_size``.

        An AU's intensity is the mean of its points' intensities (inverse of Eq. 1), cut to 0–5; another of
        ``au_from_points`` if the model was trained for it. Of several networks it is the mean of theirs.

        Args:
            landmarks: (B, 68, 2) pixels of the aligned 256×256 faces, for a model with ``landmark_channel``.

        Raises:
            InputError: the model needs landmarks and there are none.
        """


def parse_description(description: object) -> Description:
    """The description that JSON held, which may be anything that JSON can hold.

    Raises:
        InputError: it is none, or claims impossible values.
    """
    if not isinstance(description, dict):
        raise InputError(f"it is {description!r:.40}, expected a mapping")
    aus, subjects = description.pop("aus", None), description.pop("subjects", [])
    datasets, image_sizes = description.pop("datasets", []), description.pop("image_sizes", [])
    if not _is_list_of(int, aus):
        raise InputError(f"aus {aus!r:.40}, expected a list of numbers")
    if not _is_list_of(str, subjects):
        raise InputError(f"subjects {subjects!r:.40}, expected a list of names")
    if not _is_list_of(str, datasets):
        raise InputError(f"datasets {datasets!r:.40}, expected a list of names")
    if not _is_list_of(int, image_sizes):
        raise InputError(f"image_sizes {image_sizes!r:.40}, expected a list of numbers")
    try:
        alignment = Alignment(**description.pop("alignment", {}))
    except TypeError:
        raise InputError("its alignment cannot be read") from None
    if unknown := sorted(description.keys() - {field.name for field in fields(Settings)}):
        raise InputError(f"no setting {unknown[0]!r}")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in description.items()
    }
    settings = Settings(**values)
    if image_sizes and (len(image_sizes) < 2 or max(image_sizes) != settings.image_size):
        raise InputError(
            f"image_sizes {image_sizes!r:.40}, expected two or more, the largest of them "
            f"{settings.image_size}, the image_size"
        )
    return Description(
        aus=tuple(aus),
        settings=settings,
        subjects=frozenset(subjects),
        alignment=alignment,
        datasets=tuple(datasets),
        image_sizes=tuple(image_sizes),
    )


def all_datasets(*known: Sequence[str]) -> tuple[str, ...]:
    """The names of the datasets of several trainings, each once; none if those of one are not known."""
    return tuple(dict.fromkeys(chain(*known))) if all(known) else ()


def _is_list_of(kind: type, value: object) -> bool:
    """Whether a value from JSON is a list of this type alone; true and false are no numbers."""
    return isinstance(value, list) and all(type(each) is kind for each in value)
