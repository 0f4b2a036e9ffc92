"""Where a backbone starts: timm's ImageNet weights or a file of one's own, kept as safetensors."""

from pathlib import Path
from typing import TYPE_CHECKING

from g2rl.files import InputError, atomic_path

if TYPE_CHECKING:
    from torch import Tensor


def save_weights(backbone: str, out: Path, source: Path | None = None) -> None:
    """Write a backbone's weights as safetensors, from timm's download or from ``source``.

    Args:
        source: a safetensors file, or a PyTorch file of tensors alone; no code in it can run.

    Raises:
        InputError: timm has no such model or cannot download it; ``source`` cannot be read or lacks weights.
    """
    import timm
    import torch
    from safetensors.torch import save_file

    try:
        model = timm.create_model(backbone, features_only=True, out_indices=(-1,), pretrained=source is None)
    except Exception as error:  # timm and its hub raise many kinds
        raise InputError(
            f"backbone {backbone}: {str(error).splitlines()[0]}: check the name and the network, or give "
            "a file as `weights` (or none, to start from random weights)"
        ) from error
    state = model.state_dict()
    if source is not None:
        if source.suffix == ".safetensors":
            found = read_weights(source)
        else:
            try:
                found = torch.load(source, map_location="cpu", weights_only=True)
            except Exception as error:
                raise InputError(f"{source}: not a readable file of weights ({error})") from error
        missing = [name for name in state if name not in found]
        if missing:
            raise InputError(
                f"{source}: no weights {missing[0]!r} ({len(missing)} are missing) for {backbone}"
            )
        wrong = [name for name in state if found[name].shape != state[name].shape]
        if wrong:
            raise InputError(
                f"{source}: {wrong[0]} is {tuple(found[wrong[0]].shape)}, {backbone} has "
                f"{tuple(state[wrong[0]].shape)}"
            )
        state = {name: found[name] for name in state}
    with atomic_path(out) as temporary:
        save_file({name: value.contiguous() for name, value in state.items()}, temporary)


def read_weights(path: Path) -> "dict[str, Tensor]":
    """Read what ``save_weights`` wrote, or another safetensors file.

    Raises:
        InputError: it is not one.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: not a readable safetensors file ({error})") from error
