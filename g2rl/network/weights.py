"""Where a backbone starts: timm's ImageNet weights or a file of one's own, kept as safetensors."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from g2rl.errors import InputError, first_line
from g2rl.io.atomic import atomic_path
from g2rl.io.hashing import content_sha256

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

REMEDY = "give a file as `weights` in the configuration, or none to start from random weights"


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
        net = timm.create_model(backbone, features_only=True, out_indices=(-1,))
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
    from huggingface_hub import constants, hf_hub_download

    if not repository:
        raise InputError(f"backbone {backbone}: timm has no weights of it to download: {REMEDY}")
    name = "model.safetensors"
    if constants.HF_HUB_OFFLINE:
        barrier = "HF_HUB_OFFLINE is set"
    else:  # the hub's own client would try again and again, for minutes
        barrier = _barrier(f"{constants.ENDPOINT}/{repository}/resolve/main/{name}")
    try:
        return Path(hf_hub_download(repository, name, local_files_only=bool(barrier)))
    except Exception as error:  # the hub raises many kinds
        reason = barrier or first_line(error).rstrip(".")
        raise InputError(
            f"backbone {backbone}: its weights ({repository}) cannot be downloaded: {reason}: fetch them "
            f"where there is a network and {REMEDY}"
        ) from error


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


def _barrier(address: str) -> str:
    """What keeps a download from beginning within ``TIMEOUT``; nothing if the server has answered."""
    from threading import Thread
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    found = [f"{address} does not answer"]

    def ask() -> None:
        try:
            urlopen(Request(address, method="HEAD"), timeout=TIMEOUT).close()
            found.append("")
        except HTTPError as error:  # what is refused, the client tells better
            found.append(f"{address} answers {error.code} {error.reason}" if error.code >= 500 else "")
        except (OSError, ValueError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            found.append(f"{address} does not answer ({reason})")

    # A thread of its own, left alone if need be: no timeout holds for the look-up of a name.
    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(2 * TIMEOUT)
    return found[-1]


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
