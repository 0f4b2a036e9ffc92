"""Where a backbone starts: timm's ImageNet weights or a file of one's own, kept as safetensors."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g2rl.errors import InputError, first_line
from g2rl.io.atomic import atomic_path
from g2rl.io.hashing import content_sha256

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

REMEDY = "give a file as `weights` in the configuration, or none to start from random weights"


FILE = "model.safetensors"  # of a repository of the hub
TIMEOUT = 5  # seconds until a hub that does not answer counts as out of reach


def save_weights(backbone: str, out: Path, source: Path | None = None) -> None:
    """Write a backbone's weights as safetensors, from timm's download or from ``source``.

    A hash is checked where there is one: the download's name in the hub's cache is its SHA-256, and a file of
    one's own may carry the first digits of it in its name, as torchvision's do (``resnet50-0676ba61.pth``).

    Args:
        source: a safetensors file, or a PyTorch file of tensors alone, of timm's names or torchvision's; no
            code in it can run.

    Raises:
        InputError: timm has no such model; no network and nothing downloaded before; a file that cannot be
            read, does not match its hash, or lacks weights.
    """
    import timm
    from safetensors.torch import save_file

    try:
        net: Any = timm.create_model(backbone, features_only=True, out_indices=(-1,))
    except Exception as error:  # timm raises many kinds
        raise InputError(f"backbone {backbone}: {first_line(error)}") from error
    path = source or download(backbone, net.pretrained_cfg.get("hf_hub_id") or "")
    check_hash(path)
    state = _state(net, backbone, path)
    with atomic_path(out) as temporary:
        save_file({name: value.contiguous() for name, value in state.items()}, temporary)


def download(backbone: str, repository: str) -> Path:
    """Fetch timm's weights of a backbone, or find them in the hub's cache; without a network, in seconds.

    Raises:
        InputError: there are none, or they cannot be fetched.
    """
    from huggingface_hub import hf_hub_download

    if not repository:
        raise InputError(f"backbone {backbone}: timm has no weights of it to download: {REMEDY}")
    barrier = find_barrier(repository)
    try:
        return Path(hf_hub_download(repository, FILE, local_files_only=bool(barrier)))
    except Exception as error:  # the hub raises many kinds
        reason = barrier or first_line(error).rstrip(".")
        raise InputError(
            f"backbone {backbone}: its weights ({repository}) cannot be downloaded: {reason}: fetch them "
            f"where there is a network and {REMEDY}"
        ) from error


def find_barrier(repository: str) -> str:
    """What keeps a download from beginning, found within ``TIMEOUT``; "" if the hub has the file.

    The hub's own download would try again and again, for minutes.
    """
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    address = hf_hub_url(repository, FILE)
    try:
        get_hf_file_metadata(address, timeout=TIMEOUT)
    except HfHubHTTPError as error:
        return f"{address} answers {error.response.status_code} {error.response.reason_phrase}"
    except Exception as error:  # those of its HTTP library, which is httpx or requests
        return f"{address} does not answer ({first_line(error)})"
    return ""


def check_hash(path: Path) -> None:
    """Compare a file with the SHA-256, or its first digits, that its name carries, if it does.

    Raises:
        InputError: they differ.
    """
    names = [path.name, path.resolve().name]  # the hub's cache is links to files named by their hash
    found = [re.fullmatch(r"(?:.*-)?([0-9a-f]{8}|[0-9a-f]{64})(?:\.\w+)?", name) for name in names]
    expected = [match[1] for match in found if match]
    if expected and not (actual := content_sha256(path)).startswith(expected[0]):
        raise InputError(
            f"{path}: its SHA-256 is {actual[:16]}…, by its name it should start with {expected[0][:16]}: it "
            "is damaged or another file: delete it and fetch it again"
        )


def _state(net: "Module", backbone: str, path: Path) -> "dict[str, Tensor]":
    """The weights of ``net``, a backbone without its classifier, out of a file of the whole model."""
    import timm
    from timm.models import load_state_dict

    try:
        found = load_state_dict(str(path), weights_only=True)
        found = {name: value for name, value in found.items() if hasattr(value, "shape")}
    except Exception as error:
        raise InputError(f"{path}: not a readable file of weights ({first_line(error)})") from error
    if (
        not found.keys() >= _needed(net).keys()
    ):  # timm's own names; features_only changes those of some models
        whole = timm.create_model(backbone, num_classes=0)
        _compare(path, backbone, found, _needed(whole))
        net = timm.create_model(
            backbone,
            features_only=True,
            out_indices=(-1,),
            pretrained=True,
            pretrained_cfg_overlay={"state_dict": found},
        )
        return net.state_dict()
    _compare(path, backbone, found, _needed(net))
    return {name: found.get(name, value) for name, value in net.state_dict().items()}


def _needed(net: "Module") -> "dict[str, Tensor]":
    """All but counters of batches, which only some files have and which nothing here reads."""
    return {name: value for name, value in net.state_dict().items() if "num_batches_tracked" not in name}


def _compare(path: Path, backbone: str, found: "dict[str, Tensor]", needed: "dict[str, Tensor]") -> None:
    missing = [name for name in needed if name not in found]
    if missing:
        raise InputError(f"{path}: no weights {missing[0]!r} ({len(missing)} are missing) for {backbone}")
    for name, value in needed.items():
        if found[name].shape != value.shape:
            raise InputError(
                f"{path}: {name} is {tuple(found[name].shape)}, {backbone} has {tuple(value.shape)}"
            )


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
