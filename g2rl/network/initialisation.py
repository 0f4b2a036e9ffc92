"""First weights and batch-norm statistics that differ from PyTorch's and from SimpleBaselines'."""

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.network.model import HeatmapNet

WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d)


def keep(part: nn.Module) -> None:
    """PyTorch's own first weights."""


def he_init(part: nn.Module) -> None:
    """First weights after He et al. 2015, which keep what differs between faces; PyTorch's own shrink it at
    every layer."""
    _start(part, nn.init.kaiming_normal_)


def glorot_init(part: nn.Module) -> None:
    """First weights after Glorot & Bengio 2010, uniform; biases 0: TensorFlow's defaults."""
    _start(part, nn.init.xavier_uniform_)


def _start(part: nn.Module, fill: Callable[..., object]) -> None:
    for layer in part.modules():
        if isinstance(layer, WEIGHTED):
            fill(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def normal_head(head: nn.Conv2d) -> None:
    """As SimpleBaselines: what ``HeatmapNet`` has made."""


def msra_head(head: nn.Conv2d) -> None:
    """He et al. 2015: variance 2/C for the C channels of M."""
    nn.init.kaiming_normal_(head.weight)


HEAD = {"normal": normal_head, "msra": msra_head}


def prepare_net(net: HeatmapNet, settings: Settings) -> None:
    """First weights of the deconvolutions and the head, and the momentum of batch norm."""
    if settings.deconv_std != Settings.deconv_std:
        for layer in net.deconv:
            if isinstance(layer, nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, std=settings.deconv_std)
    HEAD[settings.head_init](net.head)
    set_momentum(net, settings)


def set_momentum(net: nn.Module, settings: Settings) -> None:
    """How batch norm keeps its statistics."""
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = settings.bn_momentum


def start_from(net: HeatmapNet, weights: Mapping[str, Tensor]) -> None:
    """Take the weights of another trained network, all but the head's: its heatmaps are of other AUs.

    Raises:
        InputError: it is another network, by the names or shapes of its weights.
    """
    own = net.state_dict()
    taken = {name: value for name, value in weights.items() if not name.startswith("head.")}
    if {name: value.shape for name, value in taken.items()} != {
        name: value.shape for name, value in own.items() if not name.startswith("head.")
    }:
        raise InputError(
            "the model to start from is another network: "
            "expected a single one of the same backbone and channels"
        )
    net.load_state_dict(own | taken)


def train_mode(net: nn.Module, settings: Settings) -> None:
    """Everything in training mode, except that a frozen batch norm of the backbone stays as it was."""
    net.train()
    backbones = [part for name, part in net.named_modules() if name.split(".")[-1] == "backbone"]
    for backbone in backbones if settings.freeze_bn else ():
        for layer in backbone.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval().requires_grad_(False)
