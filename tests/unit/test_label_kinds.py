"""Every kind of label file in the corpus is read right, or refused in one line that names its cause."""

import pytest

from g2rl.errors import InputError
from tests.labels_corpus import KINDS, ROOT, read, table


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kind(kind, tmp_path):
    if not isinstance(kind.expected, str):
        assert read(kind, tmp_path) == kind.expected
        return
    with pytest.raises(InputError) as error:
        read(kind, tmp_path)
    message = str(error.value)
    assert kind.expected in message
    assert message.startswith(f"{tmp_path}/")  # the file
    assert "\n" not in message


def test_the_evidence_is_of_this_corpus():
    assert len(KINDS) >= 40
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert (ROOT / "docs/evidence/inputs-labels.md").read_text(encoding="utf-8") == table() + "\n"
