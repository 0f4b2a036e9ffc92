"""The network of the G2RL paper, Eq. 2–8: heatmap regressor, geometry module, projection, losses.

    images (B,3,S,S) ─► backbone ─► three deconvolutions ─► M (B,C,S',S') ─► 1×1 conv ─► heatmaps (B,P,S',S')
                                                                │
                                                               W×M
                                                                │ L_G (Eq. 6)
    landmarks (B,68,2) ─► A ─► three graph convolutions ─► G (B,256)

S' = S/4. All below the first line exists in training only; the exported model is ``HeatmapNet``. What the
paper does not have is in variants.py.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from g2rl.network.features import feature_extractor

GEOMETRY_DIM = 256  # length of G and of W×M


class HeatmapNet(nn.Module):
    """Backbone and deconvolution head (SimpleBaselines): the whole network at test time.

    With ``resnet50.tv_in1k``, 256 channels and 12 maps it has 34.0 M parameters.

    Args:
        backbone, pretrained, stride, in_channels, image_size: see ``feature_extractor``, and what is raised.
        maps: P, one heatmap per AU point.
        channels: of each deconvolution; as many as given, each doubles the resolution.
    """

    def __init__(
        self,
        backbone: str,
        maps: int,
        channels: tuple[int, ...] = (256, 256, 256),
        pretrained: dict[str, Tensor] | None = None,
        stride: int = 32,
        in_channels: int = 3,
        image_size: int | None = None,
    ):
        super().__init__()
        self.backbone, width = feature_extractor(backbone, stride, pretrained, in_channels, image_size)
        layers: list[nn.Module] = []
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
        nn.init.zeros_(self.head.get_parameter("bias"))
        self.channels = width

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) normalised RGB → heatmaps (B, P, S', S') and M (B, C, S', S'), the maps before."""
        M = self.deconv(self.backbone(images)[-1])
        return self.head(M), M

    def heatmaps(self, images: Tensor) -> list[Tensor]:
        """The heatmaps alone, float32, what counts at test time; a list, as of several networks."""
        return [self(images)[0].float()]


def relative_distances(landmarks: Tensor) -> Tensor:
    """(B, n, 2) → (B, n, n): d_ij²/s², the squared Euclidean distances over the face's squared size (mean
    squared distance of its landmarks from their centroid)."""
    centred = landmarks - landmarks.mean(1, keepdim=True)
    size2 = centred.square().sum(-1).mean(1)[:, None, None].clamp(min=1e-12)
    return (centred[:, :, None] - centred[:, None]).square().sum(-1) / size2


def normalised(A: Tensor) -> Tensor:
    """D^−½ A D^−½ of (B, n, n), D the sums of A's rows (Kipf & Welling 2017)."""
    scale = A.sum(-1).rsqrt()
    return scale[:, :, None] * A * scale[:, None, :]


def adjacency(landmarks: Tensor) -> Tensor:
    """A of Eq. 3, "determined by the Euclidean distances": (B, n, 2) → (B, n, n) normalised, per face.

    The paper gives no formula. Here A_ij = exp(−2·d_ij²/s²), so that moving, turning or scaling the face
    changes nothing; A_ii = 1 is the self-loop.
    """
    return normalised(torch.exp(-2 * relative_distances(landmarks)))


class GeometryModule(nn.Module):
    """Eq. 3–5: three graph convolutions over the landmarks, their outputs together, to one vector G."""

    def __init__(
        self, n: int = 68, width: int = 64, nodes: int = 16, adjacency: Callable[[Tensor], Tensor] = adjacency
    ):
        super().__init__()
        self.adjacency = adjacency
        self.W1, self.W2, self.W3 = (nn.Linear(i, width) for i in (2, width, width))
        self.mix = nn.Conv1d(3 * width, nodes, kernel_size=1)
        self.fc = nn.Sequential(
            nn.Linear(n * nodes, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, GEOMETRY_DIM)
        )

    def forward(self, landmarks: Tensor) -> Tensor:
        """(B, n, 2) landmarks in units of half the image, 0 at its middle → G (B, 256)."""
        A = self.adjacency(landmarks)
        F1 = torch.relu(A @ self.W1(landmarks))  # Eq. 3: F_{i+1} = ReLU(Â F_i W_i), F_0 = P
        F2 = torch.relu(A @ self.W2(F1))
        F3 = torch.relu(A @ self.W3(F2))
        F = torch.cat((F1, F2, F3), -1)  # Eq. 4: low and high level together
        return self.fc(self.mix(F.transpose(1, 2)).flatten(1))  # Eq. 5


class Projection(nn.Module):
    """W×M of Eq. 6, linear in M: (B, C, S', S') → (B, 256).

    A 1×1 convolution to 8 channels, then fully connected over the flattened maps (8.4 M weights at 64×64):
    the layout of the face is kept, as in Ning et al. 2017.
    """

    def __init__(self, channels: int, map_size: int, reduced: int = 8):
        super().__init__()
        self.reduce = nn.Conv2d(channels, reduced, kernel_size=1, bias=False)
        self.fc = nn.Linear(reduced * map_size**2, GEOMETRY_DIM, bias=False)

    def forward(self, M: Tensor) -> Tensor:
        return self.fc(self.reduce(M).flatten(1))


class G2RL(nn.Module):
    """The heatmap network guided by the landmarks' geometry: what is trained. Only ``net`` is exported."""

    def __init__(self, net: HeatmapNet, geometry: nn.Module, projection: nn.Module):
        super().__init__()
        self.net, self.geometry, self.projection = net, geometry, projection

    def forward(self, images: Tensor, landmarks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images as for the network, landmarks as for the geometry module → heatmaps, G and W×M."""
        maps, M = self.net(images)
        with torch.autocast(images.device.type, enabled=False):  # coordinates need more than bf16's 8 bits
            G = self.geometry(landmarks)
        return maps, G, self.projection(M).float()

    @staticmethod
    def guidance_loss(G: Tensor, WM: Tensor) -> Tensor:
        """Eq. 6, L_G = ‖G − W×M‖², summed over the vector, mean over the batch: (B, 256) twice → scalar."""
        return (G - WM).square().sum(-1).mean()


def heatmap_loss(predicted: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Eq. 2, L_S: squared L2 norm of the difference, summed over maps and pixels, mean over the batch.

    Args:
        predicted, target: (B, P, S', S').
        weight: (B, P), 1 for the maps of AUs that were coded, 0 for those that were not.
    """
    error = (predicted - target).square().sum((-2, -1))
    return (error * weight).sum() / len(predicted)


def joint_loss(loss_S: Tensor, loss_G: Tensor, lam: float) -> Tensor:
    """Eq. 7–8: L = λ·L_G + (1 − λ)·L_S; λ = 0 is the Baseline."""
    return lam * loss_G + (1 - lam) * loss_S
