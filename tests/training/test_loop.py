"""The loop's laws: the same run gives the same weights, however often it is stopped and however it is shared."""

import json
import math
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import timm
import torch
from timm.models import save_for_hf
from torch import Tensor, nn

from robustmoll import Mollify
from robustmoll.data.augment import Augmentation, AugMix, CutMix, MixUp
from robustmoll.storage import checkpoint
from robustmoll.tasks import Classifier, Classify, Model, ModelArgs, load_classifier
from robustmoll.training import OptimizerArgs, Trainer
from robustmoll.training.start import start_from
from tests.tiny_data import FewDigits
from tests.tiny_training import NET, VARIANTS, Stop, assert_equal_runs, rows, trainer, weights


def test_another_thread_may_train(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as threads:
        threads.submit(trainer(tmp_path, epochs=1).fit).result()
    assert len(rows(tmp_path)) == 1


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


@pytest.mark.parametrize("augment", [[], [MixUp()], [AugMix(views=2), CutMix()]])
def test_parts_of_a_batch_add_up_to_its_gradient(tmp_path: Path, augment: list[Augmentation]) -> None:
    # A network without batch statistics, which parts would change.
    net = ModelArgs("test_vit", {"patch_size": 8})
    task = [Classify(net, Mollify(10, repeats=2), augment=augment, jsd_weight=len(augment) // 2) for _ in range(2)]
    trainer(tmp_path / "whole", task=task[0], epochs=1).fit()
    trainer(tmp_path / "parts", task=task[1], epochs=1, accumulate=5).fit()
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    for name in one:
        torch.testing.assert_close(one[name], other[name], atol=1e-5, rtol=1e-4)


def test_the_rate_that_is_logged_is_the_config_s(tmp_path: Path) -> None:
    for name, args in {"plain": {}, "layers": {"layer_decay": 0.5}}.items():
        trainer(tmp_path / name, epochs=2, optimizer=OptimizerArgs(lr=0.1, args=args)).fit()
    plain, layers = ([row["lr"] for row in rows(tmp_path / name)] for name in ("plain", "layers"))
    assert plain == layers and 0.05 < float(plain[0]) < 0.1


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
    with pytest.raises(ValueError, match=r"got the run; say .*first/checkpoints/last"):
        trainer(tmp_path / "third", start_from=str(tmp_path / "first")).fit()


def test_both_heads_of_a_distilled_network_may_start_afresh(tmp_path: Path) -> None:
    def network(num_classes: int) -> Model:
        small = {"img_size": 32, "patch_size": 16, "embed_dim": 12, "depth": 1, "num_heads": 3}
        return Model(timm.create_model("deit_tiny_distilled_patch16_224", num_classes=num_classes, **small))

    first, second = network(10), network(7)
    checkpoint.save(tmp_path, checkpoint.Checkpoint(0, first.backbone.state_dict(), {}, {}))
    start_from(second, tmp_path / "last")
    before, after = first.backbone.state_dict(), second.backbone.state_dict()
    assert {name for name in after if not torch.equal(before[name], after[name])} == {
        f"{head}.{part}" for head in ("head", "head_dist") for part in ("weight", "bias")
    }


class ExplodingClassify(Classify):
    """Gives one image of the fifth batch an infinite loss."""

    batches = 0

    def losses(self, classifier: Classifier, network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        self.batches += 1
        losses = super().losses(classifier, network, x, y)
        return losses * torch.where(torch.arange(len(losses)) == 3, math.inf if self.batches == 5 else 1.0, 1.0)


def test_a_loss_that_is_not_finite_stops_before_the_weights_are_touched(tmp_path: Path) -> None:
    with pytest.raises(FloatingPointError, match=r"loss is inf at step 4.*roles \d+ \w+.*; t (\d\.\d{3} ?){32}$"):
        trainer(tmp_path / "bad", task=ExplodingClassify(NET, Mollify(10))).fit()
    with pytest.raises(Stop):
        trainer(tmp_path / "good", 4).fit()
    bad, good = weights(tmp_path / "bad"), weights(tmp_path / "good")
    assert all(torch.equal(bad[name], good[name]) for name in bad)


class SteepClassify(Classify):
    """Gives the fifth batch a finite loss without a finite gradient."""

    batches = 0

    def losses(self, classifier: Classifier, network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        self.batches += 1
        losses = super().losses(classifier, network, x, y)
        return losses + (0 * losses).sqrt() if self.batches == 5 else losses


def test_a_clipped_gradient_that_is_not_finite_stops_before_the_weights_are_touched(tmp_path: Path) -> None:
    with pytest.raises(FloatingPointError, match=r"gradient has norm nan at step 4.*; roles \d+ \w+"):
        trainer(tmp_path / "bad", task=SteepClassify(NET, Mollify(10)), clip_grad=1.0).fit()
    with pytest.raises(Stop):
        trainer(tmp_path / "good", 4, clip_grad=1.0).fit()
    bad, good = weights(tmp_path / "bad"), weights(tmp_path / "good")
    assert all(torch.equal(bad[name], good[name]) for name in bad)


def run_as_processes(run: Path, processes: int) -> None:
    """Trains without noise and batch statistics, of which the first differs between shares and the second within.

    The processes' shares are unequal, and so are their parts in number.
    """
    script = (
        "import sys; from pathlib import Path; from robustmoll import Mollify;"
        "from robustmoll.tasks import Classify, ModelArgs; from tests.tiny_training import trainer;"
        "task = Classify(ModelArgs('test_vit', {'patch_size': 8}), Mollify(10, {'clean': 1, 'blur': 1}));"
        "trainer(Path(sys.argv[1]), task=task, batch_size=21, accumulate=11, epochs=2).fit()"
    )
    path = run.parent / "train_job.py"
    path.write_text(script)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), str(path)]
    root = Path(__file__).parents[2]
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
    for row, other in zip(*(rows(tmp_path / run) for run in "12"), strict=True):
        assert row["step"] == other["step"] and float(row["loss"]) == pytest.approx(float(other["loss"]), abs=2e-4)


def test_a_net_that_began_pretrained_is_loaded_with_its_stem_and_without_those_weights() -> None:
    train, _ = FewDigits().load()
    net = Classify(ModelArgs("test_resnet", {"keep_stem": True}), Mollify(10))
    weights = net.build(train).backbone.state_dict()
    config = net.config(train) | {"model_args": {"pretrained": True}}
    assert load_classifier(config, weights)(train.images[:2]).shape == (2, 10)


@pytest.mark.parametrize("pretrained", [False, True])
def test_a_net_from_a_folder_is_known_without_the_folder(tmp_path: Path, pretrained: bool) -> None:
    args, folder = {"num_classes": 7, "in_chans": 1, "global_pool": "max"}, tmp_path / "saved"
    source = timm.create_model("test_resnet", **args)
    save_for_hf(source, folder, model_args=args)
    train, _ = FewDigits(size=96).load()
    net = Classify(ModelArgs(f"local-dir:{folder}", {"pretrained": pretrained}), Mollify(10))
    config, classifier = net.config(train), net.build(train).eval()
    stem = classifier.backbone.get_submodule(source.pretrained_cfg["first_conv"]).weight
    assert torch.equal(stem, source.get_submodule(source.pretrained_cfg["first_conv"]).weight) == pretrained
    shutil.rmtree(folder)
    again = load_classifier(json.loads(json.dumps(config)), classifier.backbone.state_dict()).eval()
    assert torch.equal(again(train.images[:2]), classifier(train.images[:2]))
    assert config["architecture"] == "test_resnet"


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_training_returns_is_what_its_checkpoint_holds(tmp_path: Path, variant: str) -> None:
    trained = trainer(tmp_path, **VARIANTS[variant] | {"epochs": 1}).fit()
    saved = checkpoint.load_final(tmp_path / "checkpoints")
    images = FewDigits().load()[1].images
    assert torch.equal(trained(images), load_classifier(saved.config, saved.weights).eval()(images))
