"""A trained network as an ONNX file, in fp32 or quantised to int8; with its description in the metadata."""

import json
import re
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from g2rl.errors import InputError
from g2rl.faces.jpeg import decode
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.inference.predictor import check_alignment
from g2rl.io.atomic import atomic_path
from g2rl.network.description import KEY, FaceModel
from g2rl.network.mean import PREFIX
from g2rl.network.model_file import Model
from g2rl.network.onnx_file import NUMBERS, OUTPUTS, input_shapes, output_shapes, read_onnx

OPSET = 17
MOST_FACES = 256  # for the ranges of int8, and as many to test it
BATCH = 16  # of these faces: all activations of a batch are in memory
Faces = tuple[np.ndarray, np.ndarray]  # as FaceModel.predict takes them


class _Estimate(nn.Module):
    """All that inference computes of a face, from its pixels to the intensities."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.net, self.model = model.net, model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.model.estimate(*inputs)


def export_onnx(model: Model, path: Path) -> None:
    """Write a network on the CPU as ONNX: aligned faces → heatmaps, intensities and locations, in fp32."""
    model = replace(model, settings=replace(model.settings, precision="fp32"))
    inputs = input_shapes(model)
    kinds = {"faces": torch.uint8, "landmarks": torch.float32}
    example = tuple(torch.ones(2, *shape, dtype=kinds[name]) for name, shape in inputs.items())
    with atomic_path(path) as temporary:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of constants, and that there is a slower exporter
            torch.onnx.export(
                _Estimate(model).eval(),
                example,
                str(temporary),
                dynamo=False,
                opset_version=OPSET,
                input_names=list(inputs),
                output_names=list(OUTPUTS),
                dynamic_axes={name: {0: "B"} for name in (*inputs, *OUTPUTS)},
            )
        graph = onnx.load(temporary)
        for output in graph.graph.output:  # the exporter leaves some sizes open
            sizes = output_shapes(model)[output.name]
            for dimension, size in zip(output.type.tensor_type.shape.dim[1:], sizes, strict=True):
                dimension.dim_value = size
        onnx.helper.set_model_props(graph, {KEY: json.dumps(model.as_json(), sort_keys=True)})
        onnx.save(graph, temporary)


def quantise(source: Path, path: Path, faces: Faces) -> None:
    """Write an ONNX file with its convolutions in int8, but each network's first and last, which lose most.

    Args:
        source: what ``export_onnx`` wrote.
        faces: from which the ranges of the activations are taken; they should look like those to come.
    """

    class Reader(CalibrationDataReader):
        def __init__(self, names: Sequence[str]) -> None:
            given = {name: faces[("faces", "landmarks").index(name)] for name in names}
            self.batches = ({name: given[name][each] for name in names} for each in _batches(len(faces[0])))

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.batches, None)

    with tempfile.TemporaryDirectory() as folder, atomic_path(path) as temporary:
        prepared = Path(folder, "prepared.onnx")
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        graph: Any = onnx.load(prepared)
        of_network = defaultdict[str, list[str]](list)  # a mean has several
        for node in graph.graph.node:
            if node.op_type == "Conv":
                of_network["".join(re.findall(rf"{PREFIX}\.\d+", node.name))].append(node.name)
        quantize_static(
            prepared,
            temporary,
            Reader([each.name for each in graph.graph.input]),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=[name for own in of_network.values() for name in (own[0], own[-1])],
            per_channel=True,
        )
        graph = onnx.load(temporary)
        graph.metadata_props.add(key=NUMBERS, value="int8")
        onnx.save(graph, temporary)


def export_int8(model: Model, path: Path, sequences: Sequence[AlignedSequence]) -> str:
    """Write a network as int8 ONNX and say what difference it makes.

    Args:
        sequences: every other of their faces is used for the ranges of the activations, the rest to measure
            the difference from fp32; of each up to ``MOST_FACES``.

    Raises:
        InputError: fewer than two faces, or they were aligned otherwise than the model's.
    """
    for sequence in sequences:
        check_alignment(model, sequence)
    faces, landmarks = draw_faces(sequences, model.settings.image_size, 2 * MOST_FACES)
    if len(faces) < 2:
        raise InputError("fewer than two faces in the aligned sequences: some for the ranges, others to test")
    with tempfile.TemporaryDirectory() as folder:
        export_onnx(model, whole := Path(folder, "whole.onnx"))
        quantise(whole, path, (faces[::2], landmarks[::2]))
    rest = faces[1::2], landmarks[1::2]
    before, after = (_intensity(each, rest) for each in (model, read_onnx(path)))
    difference = np.abs(after - before)
    each = ", ".join(f"AU{au:02d} {d:.3f}" for au, d in zip(model.aus, difference.mean(0), strict=True))
    return (
        f"int8 against fp32 on {len(before)} faces, intensities 0 to 5: mean difference "
        f"{difference.mean():.3f} ({each}), largest {difference.max():.2f}"
    )


def _batches(count: int) -> Iterator[slice]:
    return (slice(start, start + BATCH) for start in range(0, count, BATCH))


def _intensity(model: FaceModel, faces: Faces) -> np.ndarray:
    each = [model.predict(faces[0][rows], faces[1][rows]).intensity for rows in _batches(len(faces[0]))]
    return np.concatenate(each)


def draw_faces(sequences: Sequence[AlignedSequence], size: int, count: int) -> Faces:
    """``count`` faces, or all if there are fewer, spread evenly over sequences, and their landmarks."""
    total = sum(len(sequence.frame) for sequence in sequences)
    chosen = np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(int))
    faces, landmarks, start = [np.empty((0, size, size, 3), np.uint8)], [np.empty((0, 68, 2), np.float32)], 0
    for sequence in sequences:
        index = chosen[(chosen >= start) & (chosen < start + len(sequence.frame))] - start
        start += len(sequence.frame)
        faces.append(decode(sequence.jpeg, sequence.offsets, index, size))
        landmarks.append(sequence.landmarks[index])
    return np.concatenate(faces), np.concatenate(landmarks)
