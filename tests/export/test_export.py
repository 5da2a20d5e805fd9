"""Exported classifiers answer as the run's own does, in every format."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from torch import Tensor

from robustmoll import Mollify
from robustmoll.api import Run, train
from robustmoll.cli import main
from robustmoll.evaluate.classifiers.results import Results
from robustmoll.export import export, from_pretrained
from robustmoll.storage import checkpoint
from robustmoll.tasks import Classify, ModelArgs
from tests.tiny_data import FewDigits

SMALL: dict[str, Any] = {
    "data": {"class_path": "tests.tiny_data.FewDigits", "init_args": {"train": 320, "size": 32}},
    "batch_size": 32,
    "epochs": 6,
    "optimizer": {"lr": 0.1},
    "bench": {"corruptions": ["contrast", "fog"], "severities": [5]},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A classifier with a sink, whose further output evaluation does not see."""
    return train(SMALL, mollify={"policy": "sink"}, run=tmp_path_factory.mktemp("runs") / "tiny")


@pytest.fixture
def images(generator: torch.Generator) -> Tensor:
    return torch.rand(5, 1, 32, 32, generator=generator)


def test_the_timm_folder_is_the_network_without_standardisation(run: Run, images: Tensor, tmp_path: Path) -> None:
    assert main(["export", str(run.folder), "--out", str(tmp_path / "out")]) == 0
    network = timm.create_model(f"local-dir:{tmp_path / 'out'}", pretrained=True).eval()
    cfg = network.pretrained_cfg
    mean, std = (torch.tensor(cfg[name])[:, None, None] for name in ("mean", "std"))
    assert torch.equal(network((images - mean) / std)[:, :10], run.classifier(images))
    assert cfg["label_names"] == [*map(str, range(10)), "no class"] and list(cfg["input_size"]) == [1, 32, 32]


def test_robustmoll_loads_what_it_wrote(run: Run, images: Tensor, tmp_path: Path) -> None:
    folder = export(run, tmp_path / "out")
    expected = run.classifier(images)
    for place in (folder, run.folder, run.folder / "checkpoints" / "last", folder / "model.safetensors"):
        assert torch.equal(from_pretrained(place)(images), expected), place
    cells = ["--data", "Digits", "--corruptions", "[contrast]", "--severities", "[5]"]
    for subject, out in ((folder, "exported"), (run.folder, "own")):
        assert main(["bench", str(subject), *cells, "--out", str(tmp_path / out)]) == 0
    exported, own = (Results(tmp_path / out).cells() for out in ("exported", "own"))
    assert [cell.nll for cell in exported] == [cell.nll for cell in own]


def test_torchscript_takes_images(run: Run, images: Tensor, tmp_path: Path) -> None:
    path = export(run, tmp_path, "torchscript") / "model.torchscript.pt"
    torch.testing.assert_close(torch.jit.load(path)(images), run.classifier(images))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_onnx_takes_images(run: Run, images: Tensor, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    reference = pytest.importorskip("onnx.reference")
    path = export(run, tmp_path, "onnx") / "model.onnx"
    (logits,) = reference.ReferenceEvaluator(str(path)).run(None, {"images": images.numpy()})
    torch.testing.assert_close(torch.from_numpy(logits), run.classifier(images).detach(), atol=1e-5, rtol=1e-5)


def test_a_missing_package_is_told(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robustmoll.export.formats.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"needs onnx and onnxscript: pip install 'robustmoll\[export\]'"):
        export(run, tmp_path / "out", "onnx")


def test_the_card_tells_use_robustness_training_and_limits(run: Run, tmp_path: Path) -> None:
    card = (export(run, tmp_path, "torchscript") / "README.md").read_text()
    assert "rm.from_pretrained" not in card and "torch.jit.load" in card
    card = (export(run, tmp_path) / "README.md").read_text()
    error = 100 * run.summary["corruptions"]["fog"]["error"]
    assert "| fog      " in card and f"{error:.2f}" in card and "without blur and noise" in card
    assert "rm.from_pretrained" in card and "torch.jit.load" in card, "the other format is still there"
    assert "policy: sink" in card and str(tmp_path) not in card and "60 steps" in card
    assert "divide them by T = " in card and "gives one of them to any picture" in card
    assert "had blur and noise too" in card, "as the benchmark knows without a word in the config"


def test_a_card_has_no_figures_of_other_weights(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    config, weights = run.saved.config, dict(run.saved.weights)
    weights["head.fc.bias"] = weights["head.fc.bias"] + 1
    checkpoint.save(tmp_path / "run" / "checkpoints", checkpoint.Checkpoint(0, weights, config, {}))
    path = tmp_path / "run" / "config.yaml"
    places = "{class_path: CIFAR10, init_args: {root: my/set}}\nstart_from: my/weights\nmine: [{a: /my/disk, b: 2}]"
    path.write_text(f"{path.read_text().replace('data:', 'old:')}\ndata: {places}\n")
    card = (export(Run(tmp_path / "run"), tmp_path / "out") / "README.md").read_text()
    assert (
        "CIFAR10" in card
        and "b: 2" in card
        and "start_from: other weights" in card
        and "my/" not in card
        and str(tmp_path) not in card
    )
    assert "of other weights, and left out" in card and "fog" not in card


def test_a_card_says_that_the_benchmark_was_not_finished(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    (tmp_path / "run" / "bench" / "corruptions" / "summary.json").unlink()
    folder = export(Run(tmp_path / "run"), tmp_path / "out")
    assert "benchmark was not finished" in (folder / "README.md").read_text()
    (tmp_path / "run" / "bench" / "corruptions" / "cells.csv").write_text("no table\n")
    with pytest.raises(ValueError, match="is no table of cells"):
        export(Run(tmp_path / "run"), tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists(), "no weights without a card"


@pytest.mark.parametrize(("name", "alone"), [("resnet10t", False), ("resnet18", False), ("vit_tiny_patch16_224", True)])
def test_networks_of_timm_come_back(name: str, alone: bool, tmp_path: Path, images: Tensor) -> None:
    """At 32 px a ResNet gets another stem, which timm does not know of: weights of a resnet10t would even fit."""
    task = Classify(ModelArgs(name, {"patch_size": 8} if alone else {}), Mollify(10))
    train, _ = FewDigits(size=32).load()
    torch.manual_seed(0)
    config, weights = task.config(train), task.build(train).backbone.state_dict()
    checkpoint.save(tmp_path / "run" / "checkpoints", checkpoint.Checkpoint(0, weights, config, {}))
    run = Run(tmp_path / "run")
    folder, expected = export(run, tmp_path / "out"), run.classifier(images)
    assert torch.equal(from_pretrained(folder)(images), expected)
    card = (folder / "README.md").read_text()
    assert ("timm alone does not load it" not in card) == alone and "Not measured" in card
    if alone:
        network = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
        assert torch.equal(network(run.classifier.standardise(images)), expected)


def test_mistakes_are_one_line(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert main(["export", str(run.folder), "--out", str(tmp_path / "out"), "--format", "timn"]) == 2
    assert main(["export", str(run.folder)]) == 2
    no_run, no_format, no_out = capsys.readouterr().err.strip().splitlines()
    assert "is no run" in no_run and "did you mean 'timm'" in no_format and "required: out" in no_out
    assert not (tmp_path / "out").exists()
    with pytest.raises(ValueError, match="is missing"):
        from_pretrained(tmp_path)


def test_a_config_of_exported_weights_is_plain(run: Run, tmp_path: Path) -> None:
    config = json.loads((export(run, tmp_path) / "config.json").read_text())
    assert config["robustmoll"] == run.saved.config and config["model_args"] == {"in_chans": 1}
