"""The network of the G2RL paper: heatmap regressor, geometry module, projection, and its losses.

    images (B,3,S,S) ─► backbone ─► three deconvolutions ─► M (B,C,S',S') ─► 1×1 conv ─► heatmaps (B,P,S',S')
                                                                │
                                                               W×M
                                                                │ L_G (Eq. 6)
    landmarks (B,68,2) ─► A ─► three graph convolutions ─► G (B,256)

S' = S/4. All below the first line exists in training only. The exported model is ``HeatmapNet``.
"""

import timm
import torch
from torch import Tensor, nn

from g2rl.errors import InputError, first_line
from g2rl.network.variants import standardise, variance_loss

GEOMETRY_DIM = 256  # length of G and of W×M


PROJECTION_CHANNELS = 8


class HeatmapNet(nn.Module):
    """Backbone and deconvolution head (SimpleBaselines): the whole network at test time.

    With ``resnet50.tv_in1k``, 256 channels and 12 maps it has 34.0 M parameters.

    Args:
        backbone: a timm model name.
        stride: of the backbone's feature map that is taken, 32 for its last.
        maps: P, one heatmap an AU point.
        channels: of each deconvolution; as many as given, each doubles the resolution.
        pretrained: a backbone state dictionary of that timm model, or None for random weights.

    Raises:
        InputError: timm has no such model, or it has no feature map of that stride.
    """

    def __init__(
        self,
        backbone: str,
        maps: int,
        channels: tuple[int, ...] = (256, 256, 256),
        pretrained: dict[str, Tensor] | None = None,
        stride: int = 32,
    ):
        super().__init__()
        level = -(32 // stride).bit_length()  # −1 is the last, stride 32; −2 the one before, stride 16
        try:
            self.backbone = timm.create_model(
                backbone, features_only=True, out_indices=(level,), pretrained=False
            )
        except Exception as error:  # timm raises many kinds
            raise InputError(
                f"backbone {backbone}: no feature map of stride {stride} ({first_line(error)})"
            ) from error
        if (found := self.backbone.feature_info.reduction()[-1]) != stride:
            raise InputError(f"backbone {backbone}: its feature map has stride {found}, expected {stride}")
        if pretrained is not None:
            own = self.backbone.state_dict()
            self.backbone.load_state_dict({name: pretrained[name] for name in own})
        width, layers = self.backbone.feature_info.channels()[-1], []
        for out in channels:
            layers += [
                nn.ConvTranspose2d(width, out, kernel_size=4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(out),
                nn.ReLU(inplace=True),
            ]
            width = out
        self.deconv = nn.Sequential(*layers)
        self.head = nn.Conv2d(width, maps, kernel_size=1)
        for module in (*self.deconv, self.head):  # the SimpleBaselines initialisation
            if isinstance(module, nn.ConvTranspose2d | nn.Conv2d):
                nn.init.normal_(module.weight, std=0.001)
        nn.init.zeros_(self.head.bias)
        self.channels = width

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) normalised RGB → heatmaps (B, P, S', S') and M (B, C, S', S'), the maps before."""
        M = self.deconv(self.backbone(images)[-1])
        return self.head(M), M


def adjacency(landmarks: Tensor, kind: str = "gaussian") -> Tensor:
    """A of Eq. 3, "determined by the Euclidean distances": (B, n, 2) → (B, n, n) normalised, per face.

    The paper gives no formula. ``gaussian``: A_ij = exp(−2·d_ij²/s²), d the Euclidean distance and s the
    face's own size (root mean square distance of its landmarks from their centroid), so that moving, turning
    or scaling the face changes nothing; A_ii = 1 is the self-loop. ``inverse``: A_ij = 1/(1 + d_ij/s).
    ``identity``: no neighbours, a control. Returned is D^−½ A D^−½ (Kipf & Welling 2017).
    """
    if kind == "identity":
        return torch.eye(landmarks.shape[1]).to(landmarks).expand(len(landmarks), -1, -1)
    centred = landmarks - landmarks.mean(1, keepdim=True)
    size2 = centred.square().sum(-1).mean(1)[:, None, None]
    distance2 = (centred[:, :, None] - centred[:, None]).square().sum(-1)
    A = torch.exp(-2 * distance2 / size2) if kind == "gaussian" else 1 / (1 + (distance2 / size2).sqrt())
    scale = A.sum(-1).rsqrt()
    return scale[:, :, None] * A * scale[:, None, :]


class GeometryModule(nn.Module):
    """Eq. 3–5: three graph convolutions over the landmarks, their outputs together, to one vector G.

    Args:
        adjacency: see the function of that name.
        init: ``torch``: PyTorch's own first weights, which shrink what differs between faces at every layer;
            ``he``: those of He et al. 2015, which keep it.
    """

    def __init__(
        self,
        n: int = 68,
        width: int = 64,
        nodes: int = 16,
        adjacency: str = "gaussian",
        init: str = "torch",
    ):
        super().__init__()
        self.adjacency = adjacency
        self.W1, self.W2, self.W3 = (nn.Linear(i, width) for i in (2, width, width))
        self.mix = nn.Conv1d(3 * width, nodes, kernel_size=1)
        self.fc = nn.Sequential(
            nn.Linear(n * nodes, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, GEOMETRY_DIM)
        )
        for layer in self.modules() if init == "he" else ():
            if isinstance(layer, nn.Linear | nn.Conv1d):
                nn.init.kaiming_normal_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, landmarks: Tensor) -> Tensor:
        """(B, n, 2) landmarks in units of half the image, 0 at its middle → G (B, 256)."""
        A = adjacency(landmarks, self.adjacency)
        F1 = torch.relu(A @ self.W1(landmarks))  # Eq. 3: F_{i+1} = ReLU(Â F_i W_i), F_0 = P
        F2 = torch.relu(A @ self.W2(F1))
        F3 = torch.relu(A @ self.W3(F2))
        F = torch.cat((F1, F2, F3), -1)  # Eq. 4: low and high level together
        return self.fc(self.mix(F.transpose(1, 2)).flatten(1))  # Eq. 5


class Projection(nn.Module):
    """W×M of Eq. 6, linear in M: (B, C, S', S') → (B, 256).

    ``factorised``: a 1×1 convolution to 8 channels, then fully connected over the flattened maps (8.4 M
    weights at 64×64; the layout of the face is kept, as in Ning et al. 2017). ``pooled``: mean over the map,
    then fully connected. ``full``: fully connected over all of M (268 M weights at 256×64×64).
    """

    def __init__(self, channels: int, map_size: int, kind: str = "factorised"):
        super().__init__()
        if kind == "factorised":
            reduce = nn.Conv2d(channels, PROJECTION_CHANNELS, kernel_size=1, bias=False)
            flat = PROJECTION_CHANNELS * map_size**2
        elif kind == "pooled":
            reduce, flat = nn.AdaptiveAvgPool2d(1), channels
        else:  # full
            reduce, flat = nn.Identity(), channels * map_size**2
        self.reduce = reduce
        self.fc = nn.Linear(flat, GEOMETRY_DIM, bias=False)

    def forward(self, M: Tensor) -> Tensor:
        return self.fc(self.reduce(M).flatten(1))


def heatmap_loss(predicted: Tensor, target: Tensor, coded: Tensor, weight: Tensor | float = 1.0) -> Tensor:
    """Eq. 2, L_S: squared L2 norm of the difference, summed over maps and pixels, mean over the batch.

    Args:
        predicted, target: (B, P, S', S').
        coded: (B, P) bool; the maps of AUs that were not coded add nothing.
        weight: (B, P) of each map's error; 1 in the paper.
    """
    error = (predicted - target).square().sum((-2, -1)) * weight
    return torch.where(coded, error, 0).sum() / len(predicted)


def guidance_loss(G: Tensor, projected: Tensor) -> Tensor:
    """Eq. 6, L_G = ‖G − W×M‖², summed over the vector, mean over the batch: (B, 256), (B, 256) → scalar."""
    return (G - projected).square().sum(-1).mean()


class G2RL(nn.Module):
    """The heatmap network guided by the landmarks' geometry: what is trained (Eq. 7–8).

    Args:
        net: the network that is exported.
        map_size: S', side of the heatmaps.
        guidance: ``joint``: L_G trains both its sides, as Eq. 6 is written. ``variance``: both sides, and
            ``variance_loss`` keeps G from collapsing. ``detached``: L_G trains only W and M, and G is trained
            to reconstruct the landmarks, so that it cannot fall to a constant. ``standardised``: the same,
            and L_G sees G without what all faces share (``standardise``). ``warmup``: as ``detached``, until
            the training loop lets G stand still (``freeze``).
        projection: see ``Projection``.
        adjacency, init: see ``GeometryModule``.
        permute_landmarks: a control: every face is guided by the landmarks of another face of its batch.
    """

    def __init__(
        self,
        net: HeatmapNet,
        map_size: int,
        guidance: str = "joint",
        projection: str = "factorised",
        adjacency: str = "gaussian",
        init: str = "torch",
        permute_landmarks: bool = False,
    ):
        super().__init__()
        self.net = net
        self.geometry = GeometryModule(adjacency=adjacency, init=init)
        self.projection = Projection(net.channels, map_size, projection)
        learns = guidance in ("detached", "standardised", "warmup")
        self.rebuild = nn.Linear(GEOMETRY_DIM, 2 * 68) if learns else None
        self.guidance, self.permute_landmarks = guidance, permute_landmarks

    def freeze(self) -> None:
        """From now on G is a fixed function of the landmarks, as the target of Ning et al. 2017 is."""
        for part in (self.geometry, self.rebuild):
            part.requires_grad_(False)

    def forward(self, images: Tensor, landmarks: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Heatmaps, G, W×M, and the loss that G has for itself (0 in ``joint``)."""
        maps, M = self.net(images)
        if self.permute_landmarks:
            landmarks = landmarks.roll(1, 0)
        with torch.autocast(images.device.type, enabled=False):  # coordinates need more than bf16's 8 bits
            G = self.geometry(landmarks)
            own = G.new_zeros(())
            if self.rebuild is not None:
                own = (self.rebuild(G) - landmarks.flatten(1)).square().sum(-1).mean()
                G = G.detach()
            if self.guidance == "standardised":
                G = standardise(G)
            if self.guidance == "variance":
                own = variance_loss(G)
        return maps, G, self.projection(M).float(), own


def joint_loss(loss_S: Tensor, loss_G: Tensor, lam: float) -> Tensor:
    """Eq. 7–8: L = λ·L_G + (1 − λ)·L_S; λ = 0 is the Baseline."""
    return lam * loss_G + (1 - lam) * loss_S
