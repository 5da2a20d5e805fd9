"""robustmoll bench and compare on networks and images that a user brings, as a user types it."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.models import save_for_hf

from robustmoll.cli import main

FEW = ["--corruptions", "[fog,contrast]", "--severities", "[1,5]"]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise pictures of two shapes and two classes, which differ in colour."""
    root = tmp_path_factory.mktemp("data") / "pictures"
    rng = np.random.default_rng(0)
    for name, red in (("blue", 90), ("red", 160)):
        (root / name).mkdir(parents=True)
        for i in range(30):
            pixels = rng.integers(0, 200, size=(60 + i, 80, 3))
            pixels[..., 0] = red + rng.integers(-60, 60)
            Image.fromarray(pixels.astype(np.uint8)).save(root / name / f"{i}.png")
    return root


def saved(folder: Path, side: int, classes: int = 2) -> Path:
    torch.manual_seed(side)
    network = timm.create_model("test_resnet", num_classes=classes)
    save_for_hf(network, folder, data_config={"input_size": (3, side, side)}, safe_serialization=True)
    return folder


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "cells.csv").open() as file:
        return list(csv.DictReader(file))


def test_networks_of_two_sizes_run_through_and_compare(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    small, large = saved(tmp_path / "small", 48), saved(tmp_path / "large", 96)
    data = ["--data", "ImageFolder", "--data.root", str(images), "--data.test_fraction", "0.5"]
    assert main(["bench", str(small), f"local-dir:{large}", *data, *FEW, "--preset", "tiny"]) == 0
    for name, side in (("small", 48), ("large", 96)):
        found = rows(tmp_path / "results" / f"{name}-pictures")
        assert [(row["corruption"], row["severity"]) for row in found][:2] == [("clean", "0"), ("fog", "1")]
        about = {(row["mode"], row["preset"], row["stage"], row["resolution"], row["n"]) for row in found}
        assert about == {("generated", "tiny", "model", f"{side}x{side}", "30")}
        assert (tmp_path / "results" / f"{name}-pictures" / "report.html").stat().st_size > 10_000
    folders = ["results/small-pictures", "results/large-pictures"]
    assert main(["compare", *folders, "--resamples", "20", "--report", "both/compare.html"]) == 0
    assert "48x48, 96x96" in " ".join(capsys.readouterr().out.split())
    assert "large-pictures" in (tmp_path / "both" / "compare.html").read_text()


def test_stage_and_folder_are_the_users_choice(images: Path, tmp_path: Path) -> None:
    data = ["--data", "ImageFolder", "--data.root", str(images), "--data.size", "32", "--stage", "source"]
    network, out = saved(tmp_path / "network", 48), tmp_path / "out"
    assert main(["bench", str(network), *data, *FEW, "--out", str(out)]) == 0
    assert {(row["stage"], row["resolution"], row["preset"]) for row in rows(out)} == {("source", "32x32", "cifar")}
    # Against itself as the baseline every ratio is one.
    again = ["bench", str(network), *data, *FEW, "--out", str(out)]
    assert main([*again, "--baseline", str(out), "--trained_on", "[weather]"]) == 0
    assert "without weather (1 corruptions, 2 cells)" in (out / "summary.md").read_text()
    assert json.loads((out / "summary.json").read_text())["baseline"]["mce"] == 1
    assert "## Against network" in (out / "summary.md").read_text()
    assert (out / "plots" / "baseline.png").exists()


def test_written_sets_are_read_at_their_own_size(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = ["--data", "ImageFolder", "--data.root", str(images), "--data.size", "48"]
    assert main(["corrupt", *data, *FEW, "--out", "pictures-c", "--seed", "5"]) == 0
    for side, stage in ((48, "model"), (64, "source")):
        network = saved(tmp_path / f"network-{side}", side)
        assert main(["bench", str(network), *data, *FEW, "--corrupted", "pictures-c"]) == 0
        found = rows(tmp_path / "results" / f"network-{side}-pictures-c")
        about = {(row["mode"], row["seed"], row["preset"], row["stage"], row["resolution"]) for row in found}
        assert about == {("written", "5", "tiny", stage, "48x48")} and len(found) == 5
        # On the fly, from the same images, at the same stage.
        generated = ["--stage", "source", "--out", f"on-the-fly-{side}", "--seed", "5", "--preset", "tiny"]
        assert main(["bench", str(network), *data, *FEW, *generated]) == 0
        for one, other in zip(found, rows(tmp_path / f"on-the-fly-{side}"), strict=True):
            assert {**one, "mode": "generated"} == other


def test_torchrun_shares_the_work(images: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    network = saved(tmp_path / "network", 48)
    data = ["--data", "ImageFolder", "--data.root", str(images), *FEW, "--batch_size", "4"]  # of 12 images
    assert main(["bench", str(network), *data, "--out", str(tmp_path / "one")]) == 0
    capfd.readouterr()
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    twin = saved(tmp_path / "twin", 48)
    command = ["-m", "--", "robustmoll.cli", "bench", str(network), str(twin), *data]  # one after the other
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([*launch, *command], check=True, timeout=300, cwd=tmp_path, env=environment)
    assert capfd.readouterr().out.count("report in") == 2
    for name in ("network", "twin"):
        found = rows(tmp_path / "results" / f"{name}-pictures")
        assert [{**row, "model": "network"} for row in found] == rows(tmp_path / "one") and found[0]["n"] == "12"


def test_random_weights_on_request(images: Path, tmp_path: Path) -> None:
    data = ["--data", "ImageFolder", "--data.root", str(images), *FEW, "--out", str(tmp_path / "out")]
    assert main(["bench", "test_vit", "--pretrained", "false", *data]) == 0
    assert rows(tmp_path / "out")[0]["model"] == "test_vit (random weights)"


def fails(capsys: pytest.CaptureFixture[str], *args: Any) -> str:  # noqa: ANN401
    assert main(["bench", *map(str, args)]) == 2
    return capsys.readouterr().err


def test_mistakes_get_one_clear_line(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", "ImageFolder", "--data.root", images]
    network = saved(tmp_path / "three", 48, classes=3)
    (tmp_path / "empty").mkdir()
    for error, message in {
        fails(capsys, network): "has no images of its own: name them with --data",
        fails(capsys, network, *data): "three tells 3 classes apart, but pictures has 2",
        fails(capsys, tmp_path / "model.pth", *data): "may hold code, and is not opened",
        fails(capsys, tmp_path / "empty", *data): "is no run, as config.yaml is missing, and no saved network",
        fails(capsys, "resnet_18", *data): "did you mean 'resnet18'",
        fails(capsys, "wide_resnet16_2", *data): "timm has no weights for 'wide_resnet16_2'",
        fails(capsys, network, network, *data, "--out", "x"): "--out is the folder of one benchmark",
        fails(capsys, network, *data, "--severities", "[6]"): "severities must lie in (0, 5], got 6",
        # Before anything else is looked at: the network does not fit these data either.
        fails(capsys, network, *data, "--baseline", "alex"): "no baseline at alex; give 'alexnet'",
        fails(capsys, network, *data, "--trained_on", "[nose]"): "unknown family of corruptions 'nose'",
    }.items():
        assert message in error and error.count("\n") == 1, error
