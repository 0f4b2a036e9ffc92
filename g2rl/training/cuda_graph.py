"""The training step as a CUDA graph: on a GPU it is recorded once and replayed.

At the paper's 16 faces per batch, launching the kernels one by one takes longer than running them
(docs/performance.md). The environment variable ``G2RL_CUDA_GRAPH=0`` turns it off.
"""

import os
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Step = Callable[..., None]


def recorded(step: Step, model: torch.nn.Module, optimizer: torch.optim.Optimizer, totals: Tensor) -> Step:
    """``step`` recorded at its first call and replayed from then on; on a CPU ``step`` itself.

    Args:
        totals: a tensor that ``step`` adds to, on the training's device.
    """
    if totals.device.type != "cuda" or os.environ.get("G2RL_CUDA_GRAPH") == "0":
        return step
    replay: Step | None = None

    def run(*inputs: Tensor) -> None:
        nonlocal replay
        if replay is None:
            replay = capture(step, model, optimizer, totals, inputs)
        replay(*inputs)

    return run


def capture(
    step: Step,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    totals: Tensor,
    example: Sequence[Tensor],
) -> Step:
    """Record ``step``; model, optimizer and totals are left as they were."""
    torch.backends.cudnn.benchmark = True
    inputs = [value.clone() for value in example]
    before = totals.clone()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    moments = {p: {name: v.clone() for name, v in state.items()} for p, state in optimizer.state.items()}
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):  # libraries choose their algorithms before the recording
            step(*inputs)
    torch.cuda.current_stream().wait_stream(side)
    optimizer.zero_grad(set_to_none=True)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step(*inputs)
    totals.copy_(before)
    model.load_state_dict(weights)
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            value.copy_(moments[parameter][name]) if parameter in moments else value.zero_()

    def replay(*values: Tensor) -> None:
        for static, value in zip(inputs, values, strict=True):
            static.copy_(value, non_blocking=True)
        graph.replay()

    return replay
