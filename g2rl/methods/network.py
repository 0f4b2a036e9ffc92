"""What a method of one network needs beside the network and its loss: training, file and prediction."""

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from g2rl.action_units import MAX_INTENSITY
from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.io.atomic import atomic_path
from g2rl.network.description import KEY, Description, FaceModel, Prediction, parse_description
from g2rl.network.initialisation import set_momentum, train_mode
from g2rl.network.precision import autocast
from g2rl.network.preprocessing import network_input
from g2rl.training.checkpoint import Checkpoint
from g2rl.training.cpu import denormals_flushed
from g2rl.training.cuda_graph import Step
from g2rl.training.data import Faces, augment, draw_subjects, load_faces
from g2rl.training.epochs import Epochs, steps_per_epoch
from g2rl.training.history import DIAGNOSTICS, LOSSES, write_history
from g2rl.training.optimizer import adam, make_schedule


class Network(nn.Module):
    """A network with its loss. A subclass makes its layers in ``build``.

    Attributes:
        settings: of the training.
        aus: the K AUs to estimate.
        own: the method's own settings.
    """

    name: ClassVar[str]  # of the method

    def __init__(
        self,
        settings: Settings,
        aus: Sequence[int],
        own: Mapping[str, Any],
        pretrained: dict[str, Tensor] | None,
    ):
        super().__init__()
        self.settings, self.aus, self.own = settings, aus, own
        self.build(pretrained)

    @abstractmethod
    def build(self, pretrained: dict[str, Tensor] | None) -> None:
        """Make the layers, which follow from the attributes alone.

        Args:
            pretrained: the backbone's weights, or None to start from random ones.
        """

    @abstractmethod
    def forward(self, images: Tensor) -> Any:
        """(B, 3, S, S) normalised RGB → what ``loss`` and ``decode`` take, under autocast."""

    @abstractmethod
    def loss(self, output: Any, landmarks: Tensor, intensity: Tensor) -> Tensor:
        """What is minimised, of a batch.

        Args:
            output: of ``forward``.
            landmarks: (B, 68, 2) pixels of the aligned 256×256 faces.
            intensity: (B, K) 0–5, −1 not coded.
        """

    @abstractmethod
    def decode(self, output: Any) -> Tensor:
        """The output → (B, K) intensities; what lies beyond 0–5 is cut."""

    @classmethod
    def load(
        cls,
        sequences: Sequence[AlignedSequence],
        settings: Settings,
        own: Mapping[str, Any],
        device: torch.device,
    ) -> Faces:
        """What batches are drawn from: all frames of the sequences."""
        return load_faces(sequences, settings.image_size, device)

    def write(self, about: Description, own: Mapping[str, Any], path: Path) -> None:
        """The model file, which the method's ``read`` reads."""
        weights = {name: value.detach().cpu().contiguous() for name, value in self.state_dict().items()}
        write_trained(self.name, about, own, weights, path)

    @classmethod
    @denormals_flushed()
    def train_and_write(
        cls,
        sequences: Sequence[AlignedSequence],
        settings: Settings,
        model_path: Path,
        history_path: Path,
        device: torch.device,
        pretrained: dict[str, Tensor] | None = None,
        checkpoint: Path | None = None,
        key: str = "",
        first: FaceModel | None = None,
        dataset: str = "",
        **own: Any,
    ) -> None:
        """Train as the paper's networks are, see ``training.loop.train``: the same batches, augmentation and
        schedule of the same seed. The history's diagnostics are 0."""
        if first is not None:
            raise InputError(f"--start: method {cls.name} starts from --weights or random ones, leave it out")
        sequences = draw_subjects(sequences, settings)
        faces = cls.load(sequences, settings, own, device)
        torch.manual_seed(settings.seed)
        net = cls(settings, faces.aus, own, pretrained)
        set_momentum(net, settings)
        net.to(device).to(memory_format=torch.channels_last)
        train_mode(net, settings)
        optimizer = adam([{"params": [*net.parameters()], "lr": settings.lr}], settings, device)
        schedule = make_schedule(optimizer, settings, steps_per_epoch(faces, settings))
        totals = torch.zeros(len(LOSSES), device=device)
        epochs = Epochs(
            model=net,
            optimizer=optimizer,
            schedule=schedule,
            step=net._step(optimizer, settings, totals),
            totals=totals,
            measure=lambda: dict.fromkeys((*LOSSES, *DIAGNOSTICS), 0.0),
        )
        saved = Checkpoint(checkpoint, key, {"model": net, "optimizer": optimizer, "schedule": schedule})
        history = epochs.run(faces, settings, saved)
        net.write(describe(sequences, settings, dataset), own, model_path)
        write_history(history_path, history)
        saved.remove()

    def _step(self, optimizer: torch.optim.Optimizer, settings: Settings, totals: Tensor) -> Step:
        """One update of the weights on one batch."""

        def step(images: Tensor, landmarks: Tensor, intensity: Tensor, *changes: Tensor) -> None:
            images, landmarks = augment(images, landmarks, *changes)
            with autocast(totals.device, settings):
                output = self(network_input(images, landmarks, settings))
            loss = self.loss(output, landmarks, intensity)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                totals[0] += loss

        return step

    @classmethod
    def read(cls, path: Path, device: torch.device) -> "TrainedNetwork":
        """Read what ``train_and_write`` wrote.

        Raises:
            InputError: weights that do not fit.
        """
        about, own, weights = read_trained_file(path)
        net = cls(about.settings, about.aus, own, None)
        try:
            net.load_state_dict(weights)
        except RuntimeError as error:
            raise InputError(f"{path}: weights do not fit its description: {error}") from error
        net.eval().to(device).to(memory_format=torch.channels_last)
        return TrainedNetwork(**vars(about), net=net, device=device)


@dataclass(frozen=True, kw_only=True)
class TrainedNetwork(FaceModel):
    """A trained network; it has no heatmaps."""

    net: Network
    device: torch.device

    @torch.inference_mode()
    def predict(self, faces: np.ndarray, landmarks: np.ndarray | None = None) -> Prediction:
        images = torch.from_numpy(faces).to(self.device)
        points = None if landmarks is None else torch.from_numpy(landmarks).to(self.device)
        with autocast(self.device, self.settings):
            output = self.net(network_input(images, points, self.settings))
        return without_heatmaps(self.net.decode(output).float().cpu().numpy())


def without_heatmaps(intensity: np.ndarray) -> Prediction:
    """(B, K) intensities, cut to 0–5, as a prediction of no heatmap."""
    count = len(intensity)
    empty = np.empty((count, 0, 0, 0), np.float32)
    cut = intensity.clip(0, MAX_INTENSITY).astype(np.float32)
    return Prediction(empty, cut, np.empty((count, 0, 2), np.float32))


def coded_mean(error: Tensor, intensity: Tensor) -> Tensor:
    """(B, K) errors, summed over the AUs that are coded, mean over the batch, as L_S is: scalar."""
    return torch.where(intensity >= 0, error, 0).sum() / len(error)


def describe(sequences: Sequence[AlignedSequence], settings: Settings, dataset: str) -> Description:
    """Of a network that is trained on these sequences of a dataset; "": its name is not known."""
    return Description(
        aus=sequences[0].aus,
        settings=settings,
        subjects=frozenset(each.subject for each in sequences),
        alignment=sequences[0].alignment,
        datasets=(dataset,) if dataset else (),
    )


def write_trained(
    name: str, about: Description, own: Mapping[str, Any], weights: Mapping[str, Tensor], path: Path
) -> None:
    """A method's model file: weights, the description, the method and its own settings."""
    text = json.dumps(about.as_json() | {"method": name, "own": dict(own)}, sort_keys=True)
    with atomic_path(path) as temporary:
        save_file(dict(weights), temporary, metadata={KEY: text})


def read_trained_file(path: Path) -> tuple[Description, dict[str, Any], dict[str, Tensor]]:
    """Read what ``write_trained`` wrote: the description, the method's own settings, weights.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with safe_open(path, "pt") as file:
            found = json.loads((file.metadata() or {})[KEY])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a mapping
        del found["method"]
        own = found.pop("own")
        return parse_description(found), own, weights
    except (OSError, KeyError, ValueError, TypeError, SafetensorError) as error:
        raise InputError(f"{path}: not a readable model ({error})") from error
