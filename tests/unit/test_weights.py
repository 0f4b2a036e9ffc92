"""Weights from a file or from the network: every wrong one is named, none is unpickled with code."""

import hashlib
import pickle
import re
import time

import pytest
import timm
import torch
from safetensors.torch import save_file

from g2rl.cli.main import main
from g2rl.errors import InputError
from g2rl.network.model import HeatmapNet
from g2rl.network.weights import check_hash, find_barrier, read_weights, save_weights

BACKBONE = "test_resnet.r160_in1k"


def features(backbone):
    return timm.create_model(backbone, features_only=True, out_indices=(-1,)).state_dict()


@pytest.fixture
def whole():
    """A whole model's weights, classifier and all."""
    torch.manual_seed(0)
    return timm.create_model(BACKBONE).state_dict()


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_file_of_a_whole_model_becomes_the_backbones(tmp_path, whole, suffix):
    path, out = tmp_path / f"mine.{suffix}", tmp_path / "out.safetensors"
    save_file(whole, path) if suffix == "safetensors" else torch.save({"state_dict": whole}, path)
    save_weights(BACKBONE, out, path)
    state = read_weights(out)
    assert state.keys() == features(BACKBONE).keys()
    assert all(torch.equal(value, whole[name]) for name, value in state.items())
    HeatmapNet(BACKBONE, 3, (8,), pretrained=state)
    first = out.read_bytes()
    save_weights(BACKBONE, out, out)  # its own output is a file of weights, too
    assert out.read_bytes() == first


def test_model_whose_parts_are_renamed(tmp_path):
    backbone = "test_convnext.r160_in1k"
    model = timm.create_model(backbone)
    torch.save(model.state_dict(), tmp_path / "mine.pth")
    save_weights(backbone, tmp_path / "out.safetensors", tmp_path / "mine.pth")
    state = read_weights(tmp_path / "out.safetensors")
    assert not state.keys() <= model.state_dict().keys()
    net = timm.create_model(backbone, features_only=True, out_indices=(-1,))
    net.load_state_dict(state)
    faces = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        expected = model.eval().forward_intermediates(faces, intermediates_only=True)[-1]
        torch.testing.assert_close(net.eval()(faces)[-1], expected)


def test_older_files_have_no_counters_of_batches(tmp_path, whole):
    old = {name: value for name, value in whole.items() if "num_batches" not in name}
    save_file(old, tmp_path / "old.safetensors")
    save_weights(BACKBONE, tmp_path / "out.safetensors", tmp_path / "old.safetensors")
    assert read_weights(tmp_path / "out.safetensors").keys() == features(BACKBONE).keys()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("layer1.0.conv1.weight"), r"no weights 'layer1\.0\.conv1\.weight' \(1 are"),
        (lambda state: state.update({"conv1.0.weight": torch.zeros(1)}), r"conv1\.0\.weight is \(1,\), "),
        (lambda state: state.clear() or state.update({"x": torch.zeros(1)}), "are missing"),
    ],
)
def test_wrong_weights_are_named(tmp_path, whole, change, message):
    change(whole)
    save_file(whole, tmp_path / "mine.safetensors")
    with pytest.raises(InputError, match=message):
        save_weights(BACKBONE, tmp_path / "out.safetensors", tmp_path / "mine.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.999])
def test_weights_that_were_cut_short_are_named(tmp_path, whole, suffix, share):
    path = tmp_path / f"mine.{suffix}"
    save_file(whole, path) if suffix == "safetensors" else torch.save(whole, path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(InputError, match=rf"mine\.{suffix}: not a readable file of weights"):
        save_weights(BACKBONE, tmp_path / "out.safetensors", path)
    assert not (tmp_path / "out.safetensors").exists()
    with pytest.raises(InputError, match=rf"mine\.{suffix}: not a readable safetensors file"):
        read_weights(path)


class Trap:
    """Pickled, it is a command."""

    def __reduce__(self):
        return print, ("caught",)


@pytest.mark.parametrize("name", ["mine.pth", "mine.pt", "mine.bin"])
def test_no_code_in_a_file_runs(tmp_path, name, capsys):
    path = tmp_path / name
    torch.save({"conv1.weight": Trap()}, path)
    with pytest.raises(InputError, match="not a readable file of weights"):
        save_weights(BACKBONE, tmp_path / "out.safetensors", path)
    path.write_bytes(pickle.dumps(Trap(), protocol=2))
    with pytest.raises(InputError, match="not a readable file of weights"):
        save_weights(BACKBONE, tmp_path / "out.safetensors", path)
    assert "caught" not in capsys.readouterr().out


def test_hash_in_the_name_is_checked(tmp_path):
    content = b"weights"
    digest = hashlib.sha256(content).hexdigest()
    blob = tmp_path / digest  # as in the hub's cache
    link = tmp_path / "model.safetensors"
    link.symlink_to(blob)
    for path in (blob, link, tmp_path / f"resnet50-{digest[:8]}.pth", tmp_path / "mine-resnet.pth"):
        if path != link:
            path.write_bytes(content)
        check_hash(path)
    for path in (link, tmp_path / f"resnet50-{digest[:8]}.pth"):
        path.write_bytes(b"cut")
        with pytest.raises(InputError, match="SHA-256"):
            check_hash(path)


def test_unknown_model():
    with pytest.raises(InputError, match="backbone resnet5000"):
        save_weights("resnet5000", "out")


@pytest.fixture
def mute():
    """A server that takes connections and never says a word."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def failing():
    """A server that answers 503 to everything."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    class Down(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_error(503)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Down)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(autouse=True)
def online(monkeypatch):
    """As where HF_HUB_OFFLINE is not set: the hub is asked, here one on this machine."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


def test_a_server_that_is_not_there_or_does_not_serve_is_named(mute, failing, monkeypatch):
    """The hub's own client would go on trying for minutes."""
    monkeypatch.setattr("g2rl.network.weights.TIMEOUT", 0.5)

    def barrier(endpoint: str) -> str:
        monkeypatch.setattr("huggingface_hub.hf_hub_url", lambda repository, name: f"{endpoint}/{repository}")
        return find_barrier("x")

    assert barrier(mute) == f"{mute}/x does not answer (timed out)"
    assert barrier(failing) == f"{failing}/x answers 503 Service Unavailable"
    assert barrier("http://hub.invalid").startswith("http://hub.invalid/x does not answer (")


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("HF_HUB_OFFLINE", True, "HF_HUB_OFFLINE is set: fetch"),
        (
            "HUGGINGFACE_CO_URL_TEMPLATE",
            "http://127.0.0.1:9/{repo_id}/{revision}/{filename}",
            r"127\.0\.0\.1:9/\S* does not answer \(.*refused\): fetch",
        ),
    ],
)
def test_without_network_and_file_the_message_comes_at_once(
    tmp_path, setting, value, reason, monkeypatch, capsys
):
    monkeypatch.setattr(f"huggingface_hub.constants.{setting}", value)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    out = tmp_path / "out.safetensors"
    start = time.monotonic()
    assert main(["weights", BACKBONE, "-o", str(out)]) == 2
    assert time.monotonic() - start < 60  # what tries again takes minutes
    error = capsys.readouterr().err
    assert re.search(rf"{reason} them where there is a network and give a file", error), error
    assert error.count("\n") == 1
    assert not out.exists()


def test_download_is_found_and_kept(tmp_path, whole, monkeypatch):
    """Through the hub's own client, from a server of its protocol on this machine."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    save_file(whole, tmp_path / "whole.safetensors")
    content = (tmp_path / "whole.safetensors").read_bytes()
    digest = hashlib.sha256(content).hexdigest()

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200)
            self.send_header("ETag", f'"{digest}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()

        def do_GET(self):
            self.do_HEAD()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=server.serve_forever, daemon=True).start()
    constants = "huggingface_hub.constants"
    address = f"http://127.0.0.1:{server.server_port}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(f"{constants}.HUGGINGFACE_CO_URL_TEMPLATE", address)
    monkeypatch.setattr(f"{constants}.HF_HUB_CACHE", str(tmp_path / "hub"))
    try:
        save_weights(BACKBONE, tmp_path / "a.safetensors")
    finally:
        server.shutdown()
        server.server_close()
    save_weights(BACKBONE, tmp_path / "b.safetensors")  # from the cache
    state = read_weights(tmp_path / "a.safetensors")
    assert all(torch.equal(value, whole[name]) for name, value in state.items())
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
