"""Vector regression: the backbone's features, averaged over the face, to one number per AU; no heatmaps."""

from torch import Tensor, nn

from g2rl.methods.network import Network, coded_mean
from g2rl.network.features import feature_extractor
from g2rl.network.preprocessing import input_channels

TITLE = "Vector regression"


class Vector(Network):
    name = "vector"

    def build(self, pretrained: dict[str, Tensor] | None) -> None:
        s = self.settings
        self.backbone, width = feature_extractor(
            s.backbone, s.stride, pretrained, input_channels(s), s.image_size
        )
        self.head = nn.Linear(width, len(self.aus))

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.backbone(images)[-1].mean((-2, -1)))

    def loss(self, output: Tensor, landmarks: Tensor, intensity: Tensor) -> Tensor:
        return coded_mean((output.float() - intensity).square(), intensity)

    def decode(self, output: Tensor) -> Tensor:
        return output


train, read = Vector.train_and_write, Vector.read
