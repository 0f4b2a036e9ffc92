"""What is said of a backbone's name is what timm says, and is said without importing it."""

import subprocess
import sys

import pytest

from g2rl.config import load
from g2rl.config.backbones import _known, backbone_fault
from g2rl.errors import InputError

DATASET = {"layout": "disfa", "root": "/data", "sheet": "sheet.tsv"}


def test_the_models_are_timms():
    import timm

    assert set(timm.list_models()) == _known()[0]
    assert [name for name in timm.list_pretrained() if backbone_fault(name)] == []


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("resnet5000", "resnet50"),
        ("ResNet-50", "resnet"),
        ("resnet50.tv_in1", "resnet50.tv_in1k"),
        ("resnet18.imagenet", "resnet18."),
    ],
)
def test_a_wrong_name_is_an_error_of_the_configuration_with_the_nearest_one(name, near):
    with pytest.raises(InputError, match=rf"my\.yaml: .*training\.backbone: .*did you mean '.*{near}"):
        load.parse({"datasets": {"d": DATASET}, "training": {"backbone": name}}, "my.yaml")


def test_neither_timm_nor_torch_is_imported():
    program = (
        "import sys; from g2rl.config.backbones import backbone_fault; assert backbone_fault('resnet5'); "
        "assert not {'timm', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
