"""The loop's laws: the same run gives the same weights, however often it is stopped and however it is shared."""

import csv
import itertools
import math
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from robustmoll import Mollify, checkpoint
from robustmoll.data.augment import (
    Augmentation,
    AugMix,
    AutoAugment,
    CutMix,
    MixUp,
    NoisePatches,
    RandAugment,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    TrivialAugmentWide,
)
from robustmoll.labels import POLICIES
from robustmoll.seeds import generator_at
from robustmoll.tasks import Classifier, Classify, ModelArgs, StepDraw, load_classifier
from robustmoll.tasks.losses import LOSSES
from robustmoll.training import OptimizerArgs, SchedulerArgs, Trainer
from tests.tiny_data import FewDigits

NET = ModelArgs("digits_cnn")


class Stop(Exception):
    """Stands for whatever ends a process."""


class StoppingClassify(Classify):
    """Ends the training when it comes to a step."""

    stop_at = math.inf
    step = 0

    def draw(self, n: int, size: tuple[int, int], generator: torch.Generator, step: int) -> StepDraw:
        self.step = step
        return super().draw(n, size, generator, step)

    def losses(self, classifier: Classifier, network: nn.Module, x: Tensor, y: Tensor, draw: StepDraw) -> Tensor:
        if self.step >= self.stop_at:
            raise Stop
        return super().losses(classifier, network, x, y, draw)


def trainer(run: Path, stop_at: float = math.inf, task: Classify | None = None, **kwargs: Any) -> Trainer:  # noqa: ANN401
    task = task or StoppingClassify(NET, Mollify(10))
    if isinstance(task, StoppingClassify):
        task.stop_at = stop_at
    return Trainer(FewDigits(), task, str(run), **{"epochs": 3, "batch_size": 32, "checkpoint_minutes": 0.0} | kwargs)


def weights(run: Path) -> dict[str, Tensor]:
    return checkpoint.load(run / "checkpoints" / "last").weights


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def assert_equal_runs(one: Path, other: Path) -> None:
    a, b = weights(one), weights(other)
    assert a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
    timeless = [[{k: v for k, v in row.items() if k != "images_per_s"} for row in rows(run)] for run in (one, other)]
    assert timeless[0] == timeless[1]


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "ema and clipping": {"ema": 0.9, "clip_grad": 1.0},
    "swa": {"swa": 0.6},
    "adamw and steps": {
        "optimizer": OptimizerArgs("adamw", lr=1e-3),
        "scheduler": SchedulerArgs("step", args={"decay_epochs": 1}),
    },
    "bf16, channels last": {"precision": "bf16", "channels_last": True},
    "held-out images, parts of batches": {"validation": 0.25, "accumulate": 2, "ema": 0.5, "epochs": 4},
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("stop_at", [0, 2, 3, 7])
def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one(tmp_path: Path, variant: str, stop_at: int) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    trainer(whole, **VARIANTS[variant]).fit()
    with pytest.raises(Stop):
        trainer(parts, stop_at, **VARIANTS[variant]).fit()
    trainer(parts, resume=True, **VARIANTS[variant]).fit()
    assert_equal_runs(whole, parts)


def test_a_resumed_run_passes_over_a_damaged_checkpoint_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    trainer(whole).fit()
    with pytest.raises(Stop):
        trainer(parts, 5).fit()
    path = parts / "checkpoints" / "last" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    trainer(parts, resume=True).fit()
    assert "passed over a damaged checkpoint" in capsys.readouterr().out
    assert_equal_runs(whole, parts)


def test_dropout_is_resumed_too(tmp_path: Path) -> None:
    task = [
        StoppingClassify(ModelArgs("test_vit", {"proj_drop_rate": 0.3, "patch_size": 8}), Mollify(10)) for _ in "abc"
    ]
    trainer(tmp_path / "whole", task=task[0], epochs=2).fit()
    with pytest.raises(Stop):
        trainer(tmp_path / "parts", 4, task=task[1], epochs=2).fit()
    trainer(tmp_path / "parts", task=task[2], epochs=2, resume=True).fit()
    assert_equal_runs(tmp_path / "whole", tmp_path / "parts")


def test_another_seed_gives_another_run_and_the_global_generator_gives_none(tmp_path: Path) -> None:
    torch.manual_seed(1)
    trainer(tmp_path / "a", epochs=1).fit()
    torch.manual_seed(2)
    trainer(tmp_path / "b", epochs=1).fit()
    trainer(tmp_path / "c", epochs=1, seed=1).fit()
    assert_equal_runs(tmp_path / "a", tmp_path / "b")
    a, c = weights(tmp_path / "a"), weights(tmp_path / "c")
    assert any(not torch.equal(a[name], c[name]) for name in a)


def test_training_learns_and_the_returned_classifier_is_the_tested_one(tmp_path: Path) -> None:
    data = FewDigits(train=640, test=200)
    task = Classify(NET, Mollify(10, probabilities={"clean": 1}))
    classifier = Trainer(data, task, str(tmp_path), epochs=6, batch_size=32, ema=0.9).fit()
    _, test = data.load()
    error = (classifier(test.images).argmax(1) != test.labels).double().mean()
    assert error < 0.2 and f"{error:.4f}" == rows(tmp_path)[-1]["test_error"]


AUGMENTATIONS: dict[str, list[Augmentation]] = {
    "moves": [RandomHorizontalFlip(), RandomCrop(padding=4), RandomRotation(15)],
    "resized crop": [RandomResizedCrop(16)],
    "trivial": [TrivialAugmentWide()],
    "rand": [RandAugment()],
    "auto": [AutoAugment("cifar10")],
    "augmix": [AugMix()],
    "augmix views": [AugMix(views=3)],
    "patches": [NoisePatches()],
    "erasing": [RandomErasing()],
    "mixup": [MixUp()],
    "cutmix": [CutMix()],
    "all of them": [RandomCrop(padding=4), AugMix(views=3), RandomErasing(), MixUp(), CutMix()],
}
POLICIES_AND_LOSSES = list(itertools.product(POLICIES, LOSSES))


@pytest.mark.parametrize("augmentations", AUGMENTATIONS)
@pytest.mark.parametrize(("policy", "loss"), POLICIES_AND_LOSSES, ids=str)
def test_every_augmentation_takes_two_steps_with_every_policy_and_loss(
    tmp_path: Path, augmentations: str, policy: str, loss: str
) -> None:
    views = "views" in augmentations or "all" in augmentations
    mollify = Mollify(10, policy=policy, repeats=2 if views else 1)
    task = Classify(NET, mollify, loss, AUGMENTATIONS[augmentations], jsd_weight=12.0 if views else 0.0)
    train, _ = FewDigits(66, 10).load()
    classifier = task.build(train)
    optimizer = torch.optim.SGD(classifier.parameters(), 0.01)
    for step in range(2):
        rows = slice(33 * step, 33 * step + 33)  # an odd batch
        draw = task.draw(33, train.size, generator_at(0, step), step)
        losses = task.losses(classifier, classifier.backbone, train.images[rows], train.labels[rows], draw)
        assert losses.shape == (33 * mollify.repeats,) and losses.isfinite().all()
        losses.mean().backward()
        optimizer.step()
    assert all(weights.isfinite().all() for weights in classifier.parameters())


@pytest.mark.parametrize("augmentations", ["moves", "trivial", "augmix views"])
def test_a_part_of_a_batch_is_augmented_as_in_the_whole(augmentations: str) -> None:
    views = "views" in augmentations
    task = Classify(NET, Mollify(10), augment=AUGMENTATIONS[augmentations], jsd_weight=12.0 if views else 0.0)
    train, _ = FewDigits(20, 10).load()
    classifier = task.build(train).eval()  # batch statistics would tell images of each other
    draw = task.draw(20, train.size, generator_at(0), 0)
    x, y = train.images, train.labels
    whole = task.losses(classifier, classifier.backbone, x, y, draw)
    part = task.losses(classifier, classifier.backbone, x[7:], y[7:], draw.part(slice(7, 20)))
    torch.testing.assert_close(part, whole[7:])


def test_views_of_an_image_have_one_target() -> None:
    task = Classify(NET, Mollify(10, repeats=2), augment=[AugMix(views=3)], jsd_weight=1.0)
    draw = task.draw(8, (16, 16), generator_at(0), 0).mollify
    assert draw.t.view(8, 3, 2).std(1).max() == 0 and draw.t.view(8, 3, 2).std(2).max() > 0


def test_what_does_not_go_together_is_said() -> None:
    with pytest.raises(ValueError, match="add AugMix with views=3"):
        Classify(NET, Mollify(10), jsd_weight=12.0)
    with pytest.raises(ValueError, match=r"label_smoothing in \[0, 1\)"):
        Classify(NET, Mollify(10), label_smoothing=1.0)
    with pytest.warns(UserWarning, match="labels are smoothed twice"):
        Classify(NET, Mollify(10), label_smoothing=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Classify(NET, Mollify(10, {"clean": 1}), label_smoothing=0.1)


def test_held_out_images_choose_the_checkpoint_and_the_test_set_does_not(tmp_path: Path) -> None:
    trained = trainer(tmp_path, validation=0.25, epochs=4).fit()
    table = rows(tmp_path)
    assert "validation_error" in table[0] and "test_error" not in table[0]
    assert int(table[0]["step"]) == 72 // 32, "a quarter of the 96 images is held out"
    scores = [(float(row["validation_error"]), float(row["validation_nll"])) for row in table]
    best = checkpoint.load(tmp_path / "checkpoints" / "best")
    assert best.step == int(table[scores.index(min(scores))]["step"])
    own = trained.backbone.state_dict()
    assert all(torch.equal(own[name], best.weights[name]) for name in own)


def test_parts_of_a_batch_add_up_to_its_gradient(tmp_path: Path) -> None:
    # A network without batch statistics, which parts would change.
    task = [Classify(ModelArgs("test_vit", {"patch_size": 8}), Mollify(10)) for _ in range(2)]
    trainer(tmp_path / "whole", task=task[0], epochs=1).fit()
    trainer(tmp_path / "parts", task=task[1], epochs=1, accumulate=5).fit()
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    for name in one:
        torch.testing.assert_close(one[name], other[name], atol=1e-5, rtol=1e-4)


def test_a_training_starts_from_another_s_weights_and_keeps_what_is_frozen(tmp_path: Path) -> None:
    trainer(tmp_path / "first", epochs=1).fit()
    first = tmp_path / "first" / "checkpoints" / "last"
    sink = Classify(NET, Mollify(10, policy="sink"))  # its last layer has one output more
    trainer(tmp_path / "second", task=sink, epochs=1, start_from=str(first), freeze=["stem", "stages"]).fit()
    before, after = weights(tmp_path / "first"), weights(tmp_path / "second")
    assert after["head.fc.weight"].shape == (11, before["head.fc.weight"].shape[1])
    frozen = [name for name in before if name.startswith(("stem", "stages"))]
    assert len(frozen) > 10 and all(torch.equal(before[name], after[name]) for name in frozen)
    assert not torch.equal(before["norm.0.running_mean"], after["norm.0.running_mean"])


class ExplodingClassify(Classify):
    """Gives one image of the fifth batch an infinite loss."""

    batches = 0

    def losses(self, classifier: Classifier, network: nn.Module, x: Tensor, y: Tensor, draw: StepDraw) -> Tensor:
        self.batches += 1
        losses = super().losses(classifier, network, x, y, draw)
        return losses * torch.where(torch.arange(len(losses)) == 3, math.inf if self.batches == 5 else 1.0, 1.0)


def test_a_loss_that_is_not_finite_stops_before_the_weights_are_touched(tmp_path: Path) -> None:
    with pytest.raises(FloatingPointError, match=r"loss is inf at step 4.*roles \d+ \w+.*; t (\d\.\d{3} ?){32}$"):
        trainer(tmp_path / "bad", task=ExplodingClassify(NET, Mollify(10))).fit()
    with pytest.raises(Stop):
        trainer(tmp_path / "good", 4).fit()
    bad, good = weights(tmp_path / "bad"), weights(tmp_path / "good")
    assert all(torch.equal(bad[name], good[name]) for name in bad)


def run_as_processes(run: Path, processes: int) -> None:
    """Trains without noise and batch statistics, of which the first differs between shares and the second within."""
    script = (
        "import sys; from pathlib import Path; from robustmoll import Mollify;"
        "from tests.test_train import ModelArgs, Classify, trainer;"
        "task = Classify(ModelArgs('test_vit', {'patch_size': 8}), Mollify(10, {'clean': 1, 'blur': 1}));"
        "trainer(Path(sys.argv[1]), task=task, batch_size=31, epochs=2).fit()"
    )
    path = run.parent / "train_job.py"
    path.write_text(script)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), str(path)]
    root = Path(__file__).parents[1]
    subprocess.run(
        [sys.executable, *launch, str(run)],
        check=True,
        cwd=root,
        capture_output=True,
        timeout=300,
        env=cpu_environment(root),
    )


def cpu_environment(root: Path) -> dict[str, str]:
    import os

    return os.environ | {"PYTHONPATH": str(root), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}


def test_two_processes_train_the_same_job_as_one(tmp_path: Path) -> None:
    for processes in (1, 2):
        run_as_processes(tmp_path / str(processes), processes)
    one, two = weights(tmp_path / "1"), weights(tmp_path / "2")
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=1e-5, rtol=1e-4)
    assert rows(tmp_path / "1")[-1]["step"] == rows(tmp_path / "2")[-1]["step"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 97}, r"batch_size must lie between the 1 process\(es\) and the 96 training images"),
        ({"epochs": 0}, "epochs, batch_size and accumulate of at least 1"),
        ({"validation": 1.0}, r"validation must lie in \[0, 1\)"),
        ({"freeze": ["stm"]}, "unknown module to freeze 'stm'; did you mean 'stem'"),
        ({"start_from": "no/where"}, "no/where/checkpoint.json cannot be read"),
        ({"ema": 1.5}, r"ema must lie in \[0, 1\)"),
        ({"swa": 0.0}, r"swa must lie in \(0, 1\]"),
        ({"swa": 0.5, "ema": 0.9}, "without ema"),
        ({"optimizer": OptimizerArgs("sdg")}, "unknown optimizer 'sdg'; did you mean 'sgd"),
        ({"optimizer": OptimizerArgs("adamw", args={"beta": 1})}, "does not take these arguments"),
        ({"scheduler": SchedulerArgs("cosin")}, "unknown scheduler 'cosin'; did you mean 'cosine'"),
        (
            {"task": Classify(ModelArgs("digits_cn"), Mollify(10))},
            "unknown model 'digits_cn'; did you mean 'digits_cnn'",
        ),
        ({"task": Classify(NET, Mollify(7))}, "num_classes=7, but few_digits has 10 classes"),
        ({"trackers": ["nothing_here"]}, "tracker 'nothing_here' is not installed"),
        ({"precision": "fp16"}, "fp16"),
    ],
)
def test_a_mistake_is_told_in_a_line_before_any_work(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trainer(tmp_path / "run", **change).fit()
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_run_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    trainer(tmp_path, epochs=1).fit()
    with pytest.raises(ValueError, match="holds a run already; go on with --resume true"):
        trainer(tmp_path, epochs=1).fit()


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path, epochs=1).fit()
    other = Classify(ModelArgs("test_vit", {"patch_size": 8}), Mollify(10))
    with pytest.raises(ValueError, match=r"the checkpoint is of another architecture: .* is absent in"):
        trainer(tmp_path, task=other, resume=True).fit()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"run folder .*file/run cannot be written \(Not a directory\)"):
        trainer(tmp_path / "file" / "run").fit()


def test_a_net_that_began_pretrained_is_loaded_with_its_stem_and_without_those_weights() -> None:
    train, _ = FewDigits().load()
    net = Classify(ModelArgs("test_resnet", {"keep_stem": True}), Mollify(10))
    weights = net.build(train).backbone.state_dict()
    config = net.config(train) | {"model_args": {"pretrained": True}}
    assert load_classifier(config, weights)(train.images[:2]).shape == (2, 10)


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_training_returns_is_what_its_checkpoint_holds(tmp_path: Path, variant: str) -> None:
    trained = trainer(tmp_path, **VARIANTS[variant] | {"epochs": 1}).fit()
    saved, _ = checkpoint.load_final(tmp_path / "checkpoints")
    images = FewDigits().load()[1].images
    assert torch.equal(trained(images), load_classifier(saved.config, saved.weights).eval()(images))
