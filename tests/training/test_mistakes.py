"""What the trainer refuses, in one line and before any work."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from robustmoll import Mollify
from robustmoll.data import ImageSet
from robustmoll.data.augment import RandomCrop
from robustmoll.storage.run_folder import Resume
from robustmoll.tasks import Classify, DensityArgs, ModelArgs
from robustmoll.training import OptimizerArgs, SchedulerArgs
from tests.tiny_data import FewDigits
from tests.tiny_training import NET, rows, trainer


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 97}, r"batch_size must lie between the 1 process\(es\) and the 96 training images"),
        ({"epochs": 0}, "epochs, batch_size and accumulate of at least 1"),
        ({"validation": 1.0}, r"validation must lie in \[0, 1\)"),
        ({"freeze": ["stm"]}, "unknown module to freeze 'stm'; did you mean 'stem'"),
        ({"start_from": "no/where"}, "no/where/checkpoint.json cannot be read"),
        ({"ema": 1.5}, r"ema must lie in \[0, 1\)"),
        ({"clip_grad": 0.0}, "clip_grad must be positive"),
        ({"swa": 0.0}, r"swa must lie in \(0, 1\]"),
        ({"swa": 0.5, "ema": 0.9}, "without ema"),
        ({"optimizer": OptimizerArgs("adamw", args={"beta": 1})}, "does not take these arguments"),
        ({"scheduler": SchedulerArgs(warmup_epochs=3)}, "warmup_epochs must be .* fewer than the 3 epoch.*, got 3"),
        ({"scheduler": SchedulerArgs("constant", warmup_epochs=1), "epochs": 1}, "fewer than the 1 epoch"),
        ({"scheduler": SchedulerArgs(warmup_epochs=-1)}, "got -1"),
        ({"task": Classify(NET, Mollify(7))}, "num_classes=7, but few_digits has 10 classes"),
        (
            {"task": Classify(NET, Mollify(10), augment=[RandomCrop(12)])},
            "augment makes images of 12x12 out of few_digits's 16x16, .* they are tested as they are",
        ),
        ({"trackers": ["nothing_here"]}, "tracker 'nothing_here' is not installed"),
        ({"precision": "fp16"}, "fp16"),
    ],
)
def test_a_mistake_is_told_in_a_line_before_any_work(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trainer(tmp_path / "run", **change).fit()
    assert not (tmp_path / "run" / "checkpoints").exists()


NAMES = [
    (OptimizerArgs, "sdg", "unknown optimizer 'sdg'; did you mean 'sgd"),
    (OptimizerArgs, "adahessian", "'adahessian' takes second derivatives.*; choose another"),
    (SchedulerArgs, "cosin", "unknown scheduler 'cosin'; did you mean 'cosine'"),
    (ModelArgs, "digits_cn", "unknown model 'digits_cn'; did you mean 'digits_cnn'"),
    (DensityArgs, "madf", "unknown density model 'madf'; did you mean 'maf'"),
]


@pytest.mark.parametrize(("args", "name", "message"), NAMES)
def test_a_name_is_looked_up_before_there_is_a_training(args: Callable[[str], object], name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        args(name)


def test_a_run_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    trainer(tmp_path, epochs=1).fit()
    with pytest.raises(ValueError, match="holds a run already; go on with --resume true"):
        trainer(tmp_path, epochs=1).fit()


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path, epochs=1).fit()
    other = Classify(ModelArgs("test_vit", {"patch_size": 8}), Mollify(10))
    with pytest.raises(ValueError, match=r"the checkpoint is of another architecture: .* is absent in"):
        trainer(tmp_path, task=other, resume=True).fit()


@pytest.mark.parametrize(("before", "after"), [(0.25, 0.0), (0.0, 0.25)])
def test_what_is_held_out_cannot_change_within_a_run(tmp_path: Path, before: float, after: float) -> None:
    trainer(tmp_path, epochs=1, validation=before).fit("epochs: 1")
    (tmp_path / "bench").mkdir()
    with pytest.raises(ValueError, match=rf"validation cannot change within a run \({before} -> {after}\)"):
        trainer(tmp_path, epochs=2, validation=after, resume="changed").fit("epochs: 2")
    assert (tmp_path / "config.yaml").read_text() == "epochs: 1" and (tmp_path / "bench").exists()
    assert len(rows(tmp_path)) == 1
    trainer(tmp_path, epochs=2, validation=before, resume="changed").fit("epochs: 2")
    assert (tmp_path / "config.yaml").read_text() == "epochs: 2" and not (tmp_path / "bench").exists()


FIXED = [
    ({"batch_size": 48}, r"batch_size cannot change within a run \(32 -> 48\)"),
    ({"optimizer": OptimizerArgs("adamw")}, r"optimizer\.name cannot change within a run \(\w+ -> adamw\)"),
    ({"freeze": ["stem"]}, r"freeze cannot change within a run \(\[\] -> \['stem'\]\)"),
    (
        {"optimizer": OptimizerArgs(args={"layer_decay": 0.5})},
        r"optimizer\.args cannot change within a run \(\{\} -> \{'layer_decay': 0\.5\}\); .* which may start_from",
    ),
    (
        {"optimizer": OptimizerArgs(weight_decay=0.0)},
        r"whether optimizer\.weight_decay is 0 cannot change within a run \(False -> True\)",
    ),
    ({"ema": 0.9}, r"the average of weights .* cannot change within a run \(None -> ema\)"),
]


@pytest.mark.parametrize(("change", "message"), FIXED)
def test_what_a_step_is_cannot_change_within_a_run(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    trainer(tmp_path, epochs=1).fit()
    with pytest.raises(ValueError, match=message):
        trainer(tmp_path, epochs=2, resume="changed", **change).fit()


def test_the_number_of_images_cannot_change_within_a_run(tmp_path: Path) -> None:
    trainer(tmp_path, epochs=1).fit()
    again = trainer(tmp_path, epochs=2, resume="changed")
    again.data = FewDigits(train=64)
    with pytest.raises(ValueError, match=r"the number of steps an epoch cannot change within a run \(3 -> 2\)"):
        again.fit()


def test_the_size_of_images_cannot_change_within_a_run(tmp_path: Path) -> None:
    trainer(tmp_path, epochs=1).fit()
    again = trainer(tmp_path, epochs=2, resume="changed")
    again.data = FewDigits(size=20)
    with pytest.raises(ValueError, match=r"was made for images of \[1, 16, 16\] .*, few_digits has \[1, 20, 20\] now"):
        again.fit()


def test_a_run_cannot_become_shorter_than_it_is(tmp_path: Path) -> None:
    trainer(tmp_path, epochs=2).fit()
    with pytest.raises(ValueError, match=r"was trained for 6 steps already, and 3 are asked for"):
        trainer(tmp_path, epochs=1, resume="changed").fit()


class RenamedDigits(FewDigits):
    """The same images, but the first two classes have changed their names."""

    def load(self) -> tuple[ImageSet, ImageSet]:
        train, test = super().load()
        classes = (train.classes[1], train.classes[0], *train.classes[2:])
        return replace(train, classes=classes), replace(test, classes=classes)


@pytest.mark.parametrize("resume", [True, "changed"])
def test_the_classes_cannot_change_within_a_run(tmp_path: Path, resume: Resume) -> None:
    trainer(tmp_path, epochs=1).fit()
    again = trainer(tmp_path, epochs=2, resume=resume)
    again.data = RenamedDigits()
    with pytest.raises(ValueError, match=r"the classes of few_digits have changed .*: they were 0, .* and are 1, 0,"):
        again.fit()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"run folder .*file/run cannot be written \(Not a directory\)"):
        trainer(tmp_path / "file" / "run").fit()
