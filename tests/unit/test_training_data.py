"""Subjects, batches, augmentation and the targets of a training."""

import json
from dataclasses import replace

import torch
from safetensors import safe_open

from g2rl.faces.sequence_file import join
from g2rl.training import data
from g2rl.training.targets import Targets
from tests.factories import AUS, CPU, SEQUENCES, SMALL, make_sequence, run


def test_every_face_but_the_remainder_is_seen_once_an_epoch():
    faces = data.load_faces(SEQUENCES, 32, CPU)
    seen = torch.cat([batch[1] for batch in data.batches(faces, replace(SMALL, batch_size=6), 0)])
    assert len(seen) == 18
    assert len(torch.unique(seen.flatten(1), dim=0)) == 18


def test_batches_decoded_on_the_way_are_the_resident_ones():
    faces = data.load_faces(SEQUENCES, 32, CPU)
    streamed = replace(faces, images=None, jpeg=join(SEQUENCES))
    pairs = zip(data.batches(faces, SMALL, 2), data.batches(streamed, SMALL, 2), strict=True)
    for resident, decoded in pairs:
        assert all(torch.equal(a, b) for a, b in zip(resident, decoded, strict=True))


def test_augmentation_moves_pixels_and_landmarks_together():
    """A bright dot at each landmark's place stays at the landmark's place."""
    size, spot = 64, 20
    images = torch.zeros(4, size, size, 3, dtype=torch.uint8)
    landmarks = torch.full((4, 68, 2), 128.0)
    images[:, spot, spot + 10] = 255
    landmarks[:, 30] = torch.tensor([(spot + 10 + 0.5) * 4 - 0.5, (spot + 0.5) * 4 - 0.5])  # the nose tip
    mirror = torch.tensor([False, True, False, True])
    move = torch.tensor([[0, 0], [0, 0], [5, -3], [5, -3]])
    out, moved = data.augment(images, landmarks, mirror, move)
    for image, points in zip(out, moved, strict=True):
        y, x = divmod(int(image[..., 0].argmax()), size)
        assert ((x + 0.5) * 4 - 0.5, (y + 0.5) * 4 - 0.5) == tuple(points[30].tolist())


def test_turned_pixels_and_landmarks_stay_together():
    size = 64
    images = torch.zeros(3, size, size, 3, dtype=torch.uint8)
    images[:, 20:23, 40:43] = 255
    landmarks = torch.full((3, 68, 2), 128.0)
    landmarks[:, 30] = torch.tensor([(41 + 0.5) * 4 - 0.5, (21 + 0.5) * 4 - 0.5])
    out, moved = data.turn(images, landmarks, torch.tensor([[0.0, 0.0], [0.3, 0.1], [-0.2, -0.15]]))
    axis = torch.arange(size).float()
    for image, points in zip(out[..., 0], moved, strict=True):
        x, y = ((image.sum(k) * axis).sum() / image.sum() for k in (0, 1))
        torch.testing.assert_close(torch.stack((x, y)) * 4 + 1.5, points[30], atol=0.6, rtol=0)
    torch.testing.assert_close(out[0], images[0].float(), atol=0.01, rtol=0)
    assert moved[1, 30, 0] > moved[0, 30, 0]  # clockwise: what is above the middle goes to the right


def test_mirrored_targets_are_the_mirrored_faces_targets():
    landmarks = torch.from_numpy(SEQUENCES[0].landmarks)
    intensity = torch.from_numpy(SEQUENCES[0].intensity)
    targets = Targets(AUS, SMALL, CPU)
    images = torch.zeros(10, 32, 32, 3, dtype=torch.uint8)
    _, mirrored = data.augment(images, landmarks, torch.ones(10, dtype=torch.bool), torch.zeros(10, 2).long())
    maps, of_map = targets(landmarks, intensity)
    flipped, _ = targets(mirrored, intensity)
    # AU06's and AU12's right and left points change places.
    torch.testing.assert_close(flipped[:, [1, 0, 3, 2]].flip(-1), maps)
    assert torch.equal(of_map[:, 0], intensity[:, 0].float())


def test_fewer_subjects_are_drawn_by_the_seed(tmp_path):

    sequences = [make_sequence(f"F{n:03}") for n in range(1, 9)]
    drawn = set()
    for seed in range(3):
        run(tmp_path / str(seed), replace(SMALL, epochs=1, max_subjects=3, seed=seed), sequences)
        with safe_open(tmp_path / str(seed) / "model.safetensors", "pt") as file:
            drawn.add(tuple(json.loads(file.metadata()["g2rl"])["subjects"]))
    assert all(len(subjects) == 3 for subjects in drawn)
    assert len(drawn) > 1
