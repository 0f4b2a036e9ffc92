"""TODO: one line."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def capture(
    step: Callable[..., None],
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    example: Sequence[Tensor],
) -> Callable[..., None]:
    """``step`` recorded as a CUDA graph, with model and optimizer left as they were.

    At the paper's 16 faces a batch, launching the kernels one by one takes longer than running them.
    """
    torch.backends.cudnn.benchmark = True
    inputs = [value.clone() for value in example]
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
    model.load_state_dict(weights)
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            value.copy_(moments[parameter][name]) if parameter in moments else value.zero_()

    def replay(*values: Tensor) -> None:
        for static, value in zip(inputs, values, strict=True):
            static.copy_(value, non_blocking=True)
        graph.replay()

    return replay
