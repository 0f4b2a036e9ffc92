"""The network alone at prediction: ONNX Runtime in fp32 and int8 compared with torch, on one and two threads.

    python benchmarks/onnx_speed.py

The small network is the embedded default's (64 pixels, fp32), the large one the paper's (ResNet-50, 256
pixels; torch computes in bf16 where it is faster). Weights and faces are random: the speed does not depend on
them.
"""

import os
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import torch
from record import best_times, rate, record

from g2rl.config.load import load
from g2rl.config.training import Settings
from g2rl.inference.onnx_export import export_onnx, quantise
from g2rl.network.model_file import read_model, write_model
from g2rl.network.onnx_file import read_onnx
from g2rl.network.variants import build_model

AUS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
MAPS = 24
SMALL = load(Path(__file__).parents[1] / "config/config.yaml").training
NETWORKS = {"small": (Settings(**vars(SMALL)), 64, 9), "resnet50": (Settings(), 8, 3)}  # faces, turns
torch.manual_seed(0)


def run() -> dict[str, dict]:
    results = {}
    for name, (settings, count, turns) in NETWORKS.items():
        side = settings.image_size
        faces = np.random.default_rng(0).integers(0, 255, (count, side, side, 3), np.uint8)
        with tempfile.TemporaryDirectory() as folder:
            trained, whole, int8 = (Path(folder, file) for file in ("model.safetensors", "a.onnx", "b.onnx"))
            write_model(build_model(settings, MAPS).net, settings, AUS, ["F001"], trained)
            model = read_model(trained, torch.device("cpu"))
            export_onnx(model, whole)
            quantise(whole, int8, (faces[:8], np.zeros((8, 68, 2), np.float32)))
            for threads in (1, 2):
                torch.set_num_threads(threads)
                os.environ["OMP_NUM_THREADS"] = str(threads)  # read_onnx reads it
                models = (model, read_onnx(whole), read_onnx(int8))
                times = best_times([partial(each.predict, faces) for each in models], turns)
                torch_rate, *rates = (count / seconds for seconds in times)
                unit = f"faces/s, {side} px, batch {count}, threads {threads}: ONNX Runtime, and torch"
                for kind, found in zip(("onnx", "onnx_int8"), rates, strict=True):
                    results[f"{kind}_vs_torch_{name}_{threads}_threads"] = rate(found, torch_rate, unit)
    return results


if __name__ == "__main__":
    record(run(), ("torch", "onnxruntime"))
