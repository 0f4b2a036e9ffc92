"""The contact sheets of docs/synthetic.md: every AU at intensities 0, 3 and 5 on three people, and photos.

python docs/images/contact_sheets.py HEAD.npz [FOLDER]    HEAD.npz: from g2rl head
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from g2rl.io.atomic import atomic_path
from g2rl.synthetic import actions
from g2rl.synthetic.dataset import generator, subject_person
from g2rl.synthetic.head import read_head
from g2rl.synthetic.lighting import draw_background, draw_light
from g2rl.synthetic.people import IMAGES_EACH, photos
from g2rl.synthetic.scene import Camera, Pose, Scene

SHEETS = {"upper": (1, 2, 4, 5, 6, 9), "lower": (10, 12, 14, 15, 17, 20, 25, 26), "more": (7, 23, 45)}
SUBJECTS = ("F004", "M005", "M016")  # of the layout bp4d, seed 0
INTENSITIES = (0, 3, 5)
WIDTH, HEIGHT, MARGIN = 132, 150, 44  # pixels of one face, and of the column of names


def contact_sheet(head: Path, out: Path, aus: tuple[int, ...]) -> None:
    """Write an image: one row per AU, one column per intensity of each subject."""
    mesh = read_head(head)
    shown = actions.AUS if set(aus) <= set(actions.AUS) else actions.MORE_AUS
    rows = [[np.full((HEIGHT, MARGIN, 3), 255, np.uint8)] for _ in aus]
    for row, au in zip(rows, aus, strict=True):
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(row[0], f"AU{au}", (2, HEIGHT // 2), font, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    for subject in SUBJECTS:
        rng = generator(0, "bp4d", subject, "sheet")
        # Drawn at twice the size: smoother outlines.
        camera = Camera(2 * WIDTH, 2 * HEIGHT, 160.0, WIDTH, 0.98 * HEIGHT)
        background = draw_background(rng, camera.width, camera.height)
        person = subject_person(mesh, "bp4d", subject, 0, shown)
        scene = Scene(person, camera, draw_light(rng), background)
        for row, au in zip(rows, aus, strict=True):
            for intensity in INTENSITIES:
                activation = np.zeros(len(shown))
                activation[shown.index(au)] = intensity / 5
                image, _ = scene.frame(activation, Pose())
                row.append(cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))
    with atomic_path(out) as temporary:
        sheet = np.vstack([np.hstack(row) for row in rows])
        cv2.imwrite(str(temporary), sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def photo_sheet(head: Path, out: Path, people: int = 5, side: int = 80) -> None:
    """Write an image of photos of ``people`` plain and as many varied people, rendered for transfer to real
    faces: one row per person."""
    mesh, count = read_head(head), people * IMAGES_EACH
    rng = generator(0, "sheet of photos")
    drawn = [*photos(mesh, rng, count), *photos(mesh, rng, count, varied=True)]
    images = [cv2.imdecode(np.frombuffer(photo.jpeg, np.uint8), cv2.IMREAD_COLOR) for photo in drawn]
    images = [cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in images]
    rows = [np.hstack(images[k : k + IMAGES_EACH]) for k in range(0, len(images), IMAGES_EACH)]
    with atomic_path(out) as temporary:
        cv2.imwrite(str(temporary), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    cv2.setNumThreads(1)
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent
    for name, units in SHEETS.items():
        contact_sheet(Path(sys.argv[1]), folder / f"contact_sheet_{name}.png", units)
    photo_sheet(Path(sys.argv[1]), folder / "people.jpg")
