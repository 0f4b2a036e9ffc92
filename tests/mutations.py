"""Plants a fault in each equation, one at a time, and runs the equation tests: do they find it?

    make mutations

Every line names the equation, the fault and the first test that failed. The last line is
``N faults, N caught``; the status is 1 if one was not.
"""
# ruff: noqa: E501

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FAULTS = [  # equation, what is wrong, module (of g2rl/network, or named with its folder), right, wrong
    ("1", "the peak lacks its factor 2", "heatmaps", "(2 * math.pi * sigma**2)", "(math.pi * sigma**2)"),
    ("1", "the peak falls with σ, not σ²", "heatmaps", "math.pi * sigma**2)", "math.pi * sigma)"),
    ("1", "the exponent's sign", "heatmaps", "torch.exp(-((axis", "torch.exp(+((axis"),
    ("1", "σ² for 2σ²", "heatmaps", "** 2) / (2 * sigma**2))", "** 2) / sigma**2)"),
    ("1", "x and y transposed", "heatmaps", "* y[..., :, None] * x[..., None", "* x[..., :, None] * y[..., None"),
    ("1", "a centre outside stays outside", "heatmaps", ".round().clamp(0, size - 1)", ".round()"),
    ("1", "a centre between pixels stays there", "heatmaps", "centres.round()", "centres"),
    ("1", "the inverse multiplies twice", "heatmaps", "amax(-1) / height", "amax(-1) * height"),
    ("1", "an AU is the sum of its points", "heatmaps", " / belongs(point_au, n_aus).sum(0)", ""),
    ("1", "maps half a pixel off", "heatmaps", "return (points + 0.5) * (map_size / image_size) - 0.5",
     "return points * (map_size / image_size)"),
    ("1", "the points of an AU overwrite each other", "training/targets", "part.amax(1)", "part[:, 0]"),
    ("2", "absolute differences", "model", "(predicted - target).square().sum((-2, -1))",
     "(predicted - target).abs().sum((-2, -1))"),
    ("2", "a sum instead of a difference", "model", "(predicted - target).square().sum((-2",
     "(predicted + target).square().sum((-2"),
    ("2", "the mean over pixels", "model", ".square().sum((-2, -1))", ".square().mean((-2, -1))"),
    ("2", "the sum over the batch", "model", "(error * weight).sum() / len(predicted)",
     "(error * weight).sum()"),
    ("2", "uncoded maps count as 0", "model", "(error * weight)", "error"),
    ("3", "far landmarks are neighbours", "model", "torch.exp(-2 * relative", "torch.exp(2 * relative"),
    ("3", "distance for its square", "model", "exp(-2 * relative_distances(landmarks))",
     "exp(-2 * relative_distances(landmarks).sqrt())"),
    ("3", "A depends on the face's size", "model", ".square().sum(-1) / size2", ".square().sum(-1)"),
    ("3", "normalised from one side only", "model", "scale[:, :, None] * A * scale[:, None, :]", "scale[:, :, None] * A"),
    ("3", "D for D^−½", "model", "A.sum(-1).rsqrt()", "A.sum(-1).reciprocal()"),
    ("3", "the second layer has no neighbours", "model", "A @ self.W2(F1)", "self.W2(F1)"),
    ("3", "the third layer repeats the second", "model", "A @ self.W3(F2)", "A @ self.W3(F1)"),
    ("3", "no ReLU", "model", "torch.relu(A @ self.W3(F2))", "(A @ self.W3(F2))"),
    ("4", "the second layer's output is left out", "model", "torch.cat((F1, F2, F3)", "torch.cat((F1, F3, F3)"),
    ("4", "the layers' outputs in another order", "model", "torch.cat((F1, F2, F3)", "torch.cat((F3, F2, F1)"),
    ("5", "flattened by landmark, transposed", "model", ".transpose(1, 2)).flatten(1))",
     ".transpose(1, 2)).transpose(1, 2).flatten(1))"),
    ("5", "a ReLU is missing", "model", "nn.Linear(512, 512), nn.ReLU()", "nn.Linear(512, 512), nn.Identity()"),
    ("6", "a sum instead of a difference", "model", "(G - WM)", "(G + WM)"),
    ("6", "the mean over the 256 numbers", "model", "(G - WM).square().sum(-1).mean()",
     "(G - WM).square().mean()"),
    ("6", "not squared", "model", "(G - WM).square()", "(G - WM).abs()"),
    ("6", "W is affine", "model", "map_size**2, GEOMETRY_DIM, bias=False)", "map_size**2, GEOMETRY_DIM)"),
    ("6", "joint guidance trains one side only", "model", "return maps, G, self.projection",
     "return maps, G.detach(), self.projection"),
    ("6", "detached guidance trains both sides", "variants", "guidance_loss(G.detach(), WM)", "guidance_loss(G, WM)"),
    ("6", "faces and landmarks are not of the same face", "controls", "if settings.permute_landmarks else", "if True else"),
    ("7", "λ and 1 − λ change places", "model", "lam * loss_G + (1 - lam) * loss_S", "lam * loss_S + (1 - lam) * loss_G"),
    ("7", "the factor 1 − λ is missing", "model", "lam * loss_G + (1 - lam) * loss_S", "lam * loss_G + loss_S"),
    ("8", "L_G is not minimised", "training/loop", "joint_loss(loss_S, loss_G, settings.lam)",
     "joint_loss(loss_S, loss_G.detach(), settings.lam)"),
    ("8", "landmarks from the image's corner", "preprocessing", "landmarks / (ALIGNED_SIZE / 2) - 1",
     "landmarks / (ALIGNED_SIZE / 2)"),
    ("8", "λ of the paper, whatever the setting", "training/loop", "joint_loss(loss_S, loss_G, settings.lam)",
     "joint_loss(loss_S, loss_G, 0.05)"),
    ("test time", "the exported network is an untrained one", "model_file", "in net.state_dict().items()}",
     "in type(net)(settings.backbone, net.head.out_channels, settings.channels, None, settings.stride)"
     ".state_dict().items()}"),
]  # fmt: skip


def first_failure(package: Path) -> str:
    """The first equation test that fails on this copy of the package, "" if none does."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/unit/test_equations.py",
    ]
    done = subprocess.run(
        command,
        cwd=package.parent,
        env=os.environ | {"PYTHONPATH": str(package.parent), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    if not done.returncode:
        return ""
    found = re.search(r"^(?:FAILED|ERROR) \S+?::(\S+)", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return found[1]


def main() -> int:
    caught = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tests/unit").mkdir(parents=True)
        shutil.copy(ROOT / "tests/unit/test_equations.py", folder / "tests/unit")
        shutil.copy(ROOT / "pyproject.toml", folder)
        shutil.copytree(ROOT / "g2rl", folder / "g2rl", ignore=shutil.ignore_patterns("__pycache__"))
        assert not first_failure(folder / "g2rl"), "the tests fail without a fault"
        for equation, what, module, right, wrong in FAULTS:
            path = folder / f"g2rl/{module if '/' in module else f'network/{module}'}.py"
            text = path.read_text(encoding="utf-8")
            assert text.count(right) == 1, (
                f"{module}.py has {right!r} {text.count(right)} times, expected once"
            )
            path.write_text(text.replace(right, wrong), encoding="utf-8")
            test = first_failure(folder / "g2rl")
            path.write_text(text, encoding="utf-8")
            caught += bool(test)
            label = equation if equation[0].isalpha() else f"Eq. {equation}"
            print(f"{label:9}  {what:45}  {test or 'NOT CAUGHT'}", flush=True)
    print(f"{len(FAULTS)} faults, {caught} caught")
    return int(caught < len(FAULTS))


if __name__ == "__main__":
    sys.exit(main())
