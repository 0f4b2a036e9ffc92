"""A contact sheet: every AU at intensities 0, 3 and 5 on three people, to be looked at."""

from pathlib import Path

import cv2
import numpy as np

from g2rl.io.atomic import atomic_path
from g2rl.synthetic import actions
from g2rl.synthetic.dataset import generator, subject_person
from g2rl.synthetic.head import read_head
from g2rl.synthetic.scene import Camera, Pose, Scene, draw_background, draw_light

INTENSITIES = (0, 3, 5)


def contact_sheet(
    head: Path,
    out: Path,
    seed: int = 0,
    layout: str = "bp4d",
    subjects: tuple[str, ...] = ("F001", "M006", "F012"),
    aus: tuple[int, ...] = actions.AUS,
) -> None:
    """Write a picture: one row an AU, one column an intensity of `INTENSITIES` of each subject.

    Args:
        head: what `cut_head` wrote.
        out: an image file, by its suffix.
        seed, layout, subjects: whom `render_sequence` would show under these.
        aus: which rows.
    """
    cv2.setNumThreads(1)
    mesh = read_head(head)
    width, height, margin = 132, 150, 44
    rows = [[np.full((height, margin, 3), 255, np.uint8)] for _ in aus]
    for row, au in zip(rows, aus, strict=True):
        cv2.putText(
            row[0],
            f"AU{au}",
            (2, height // 2),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.42,
            (0, 0, 0),
            1,
            cv2.LINE_AA,
        )
    for subject in subjects:
        rng = generator(seed, layout, subject, "sheet")
        # Drawn at twice the size: smoother outlines.
        camera = Camera(2 * width, 2 * height, 160.0, width, 0.98 * height)
        background = draw_background(rng, camera.width, camera.height)
        scene = Scene(
            subject_person(mesh, layout, subject, seed),
            camera,
            draw_light(rng),
            background,
        )
        for row, au in zip(rows, aus, strict=True):
            for intensity in INTENSITIES:
                activation = np.zeros(len(actions.AUS))
                activation[actions.AUS.index(au)] = intensity / 5
                picture, _ = scene.frame(activation, Pose())
                row.append(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
    sheet = np.vstack([np.hstack(row) for row in rows])
    with atomic_path(out) as temporary:
        cv2.imwrite(str(temporary), sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])
