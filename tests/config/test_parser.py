"""Configs and flags: every key is a constructor's argument, and a mistake is one line with exit code 2."""

import inspect
from pathlib import Path

import pytest

from robustmoll import Mollify
from robustmoll.cli import main
from robustmoll.config import build_trainer, load_run, training_parser
from robustmoll.degradations import Noise
from robustmoll.schedules import VP
from robustmoll.tasks import Classify
from robustmoll.training import OptimizerArgs, Trainer
from tests.config.failing import fail

TINY = ["--data", "tests.tiny_data.FewDigits", "--run"]


def test_keys_flags_and_calls_are_one_thing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "run: r\ndata: {class_path: Digits, init_args: {size: 16}}\nepochs: 3\noptimizer: {lr: 0.2}\n"
        "mollify: {policy: sink, degradations: {noise: {class_path: Noise, init_args: {schedule: VP}}}}\n"
    )
    parser = training_parser()
    flags = ["--epochs", "5", "--data.size", "8", "--mollify.time", "Uniform", "--optimizer.args.nesterov", "true"]
    trainer = build_trainer(parser, parser.parse_args(["--config", str(tmp_path / "a.yaml"), *flags]))
    mollify = trainer.task.mollify
    assert (trainer.epochs, trainer.data.size, mollify.policy, mollify.num_classes) == (5, 8, "sink", 10)
    assert trainer.optimizer == OptimizerArgs(lr=0.2, args={"nesterov": True})
    assert isinstance(mollify.degradations["noise"], Noise) and isinstance(mollify.degradations["noise"].schedule, VP)


def test_help_names_every_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["train", "--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0
    for prefix, owner in (("", Trainer), ("", Classify), ("mollify.", Mollify), ("optimizer.", OptimizerArgs)):
        for name in inspect.signature(owner).parameters.keys() - {"data", "task", "model", "mollify", "num_classes"}:
            assert f"--{prefix}{name} " in text.replace("\n", " "), name


def test_print_config_is_a_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", *TINY, str(tmp_path), "--print_config"])
    text = capsys.readouterr().out
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(SystemExit):
        main(["train", "--config", str(tmp_path / "a.yaml"), "--print_config"])
    assert capsys.readouterr().out == text


FLAGS = [
    ("--epohs 3", "unknown option --epohs; did you mean '--epochs'"),
    ("--mollify.polcy sink", "unknown option --mollify.polcy; did you mean '--mollify.policy'"),
    ("--epochs many", "epochs: expected int, got 'many'"),
    ("--ema often", "ema: expected float, got 'often'"),
    ("--precision fp8", "precision: expected Literal['no', 'bf16', 'fp16'], got 'fp8'"),
    ("--mollify.time Betta", "mollify.time: unknown Time 'Betta'; did you mean 'Beta'? Known: Annealed, Beta"),
    ("--mollify.time Beta --mollify.time.a -1", "Beta needs finite a > 0 and b > 0"),
    ("--mollify.policy smoth", "unknown label policy 'smoth'; did you mean 'smooth'"),
    ("--mollify.probabilities.nois 1", "unknown role 'nois'; did you mean 'noise'"),
    ("--mollify.degradations.noise Noise --mollify.degradations.noise.schedule VQ", "unknown NoiseSchedule 'VQ'"),
    ("--loss cross_entropi", "unknown loss 'cross_entropi'; did you mean 'cross_entropy'"),
    ("--data Digit", "unknown Data 'Digit'; did you mean 'Digits'"),
    ("--data.sise 3", "unknown key 'sise'; did you mean 'size'? Known: train, test, size"),
    ('--augment [{"class_path":"AugMix","init_args":{"view":3}}]', "unknown key 'view'; did you mean 'views'? Known"),
    ("--model.name digits_cnm", "unknown model 'digits_cnm'; did you mean 'digits_cnn'"),
    ("--model.name resnet10t.c3_in21k", "unknown model 'resnet10t.c3_in21k'; did you mean 'resnet10t.c3_in1k'"),
    ("--model.args.num_classes 10", "model.args holds num_classes, which is set by the data; leave it out"),
    ("--model.args.in_chans 1", "model.args holds in_chans"),
    ("--model.args.img_size 16", "model.args holds img_size"),
    ("--model.args.name digits_cnn", "model.args holds name, which is set by model.name"),
    ("--optimizer.name sgdd", "unknown optimizer 'sgdd'"),
    ("--bench.corruptions fog", "bench.corruptions: expected a list, such as [NAME], got 'fog'"),
    ("--mollify.num_classes 5", "error: mollify.num_classes is told by data; leave it out"),
    ("--bench.corruptions [fogg]", "unknown corruption 'fogg'; did you mean 'fog'"),
    ("--bench.severities [6]", "severities must lie in (0, 5], got 6"),
    (
        "--model resnet18",
        'error: --model takes a file of its keys, got "resnet18"; for single ones there are --model.name',
    ),
    ("--augment [5]", "augment: expected a subclass of Augmentation, such as {class_path: NAME"),
    ("--imports [./mine.py]", "imports is a list of modules, such as [mypackage], got ['./mine.py']"),
    ("--run=", "run is an empty name; name a folder"),
    ("--trackers [wanb]", "trackers: expected Literal['tensorboard', 'wandb'], got 'wanb'"),
    ("--data ImageFolder --data.root here --data.test_fraction 2", "error: ImageFolder needs size >= 8"),
    ("--task density --data GaussianRing --data.n 1", "error: gaussian_ring needs at least 2 points, got n=1"),
    ("--task density --data TableFile --data.file a.csv --data.columns [a,a]", "error: columns names a column twice"),
]


@pytest.mark.parametrize(("flags", "message"), FLAGS)
def test_a_mistaken_flag_is_one_line(
    flags: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in fail(capsys, "train", *TINY, str(tmp_path / "run"), "--batch_size", "32", *flags.split())
    assert not (tmp_path / "run" / "checkpoints").exists(), "found before any work"


KEYS = [
    (
        "epohs: 3",
        "unknown key 'epohs'; did you mean 'epochs' or 'imports'? Known: accumulate, augment, batch_size",
    ),
    ("mollify: {polcy: sink}", "unknown key 'mollify.polcy'; did you mean 'policy'? Known: degradations, policy"),
    ("mollfy: {}", "unknown key 'mollfy'; did you mean 'mollify'"),
    ("mollify: {time: {class_path: Beta, init_args: {c: 1}}}", "Beta (mollify.time) has no argument 'c'. Known: a, b"),
    (
        "mollify: {degradations: {noise: {class_path: Noise, init_args: {schedul: VP}}}}",
        "Noise (mollify.degradations.noise) has no argument 'schedul'; did you mean 'schedule'",
    ),
    (
        "augment: [RandomCrop, MixUpp]",
        "unknown Augmentation 'MixUpp'; did you mean 'MixUp' or 'CutMix' or 'AugMix'? Known: ",
    ),
    ("augment: [torchvision.transforms.v2.RandomCrop]", "RandomCrop does not correspond to a subclass of Augmentation"),
    ("augment: [RandomCrop: {padding: 2}]", "augment: expected a subclass of Augmentation, such as {class_path: NAME"),
    (
        "augment: [MixUp, {class_path: RandomCrop, init_args: {paddin: 4}}]",
        "RandomCrop (augment[1]) has no argument 'paddin'; did you mean 'padding'",
    ),
    ("augment: [MixUp, RandomCrop]", "augmentations of images must stand before those that mix"),
    ("augment: [{class_path: AugMix, init_args: {severity: 11}}]", "AugMix needs severity in 1..10"),
    ("jsd_weight: 12", "add AugMix with views=3"),
    ("optimizer: sgd", "optimizer holds keys (args, lr, momentum, name, weight_decay), got 'sgd'; leave it out for"),
    ("optimizer: [{lr: 0.1}]", "optimizer holds keys (args, lr, momentum, name, weight_decay), got [{'lr': 0.1}]"),
    ("mollify: false", "mollify holds keys (degradations, policy, probabilities, repeats, time), got False"),
    ("epochs:", "epochs has no value; give one, or leave it out"),
    ("optimizer: {lr: }", "optimizer.lr has no value"),
    ("mollify: {time: {class_path: Beta, init_args: {b: null}}}", "mollify.time.b has no value"),
    ("epochs: 1\noptimizer: {lr: 1, lr: 2}", "is no YAML: 'lr' is there twice in \"<unicode string>\", line 3"),
    ("optimizer: &it {args: *it}", "is no YAML: found unconstructable recursive node"),
    ("augment: [[MixUp]]", "augment: expected a subclass of Augmentation, such as {class_path: NAME"),
    ("epochs: 2.5", "epochs: expected int, got '2.5'"),
    ("epochs: [", "is no YAML"),
    ("- epochs", "must hold keys and values"),
    ("data: {class_path: Digit}", "unknown Data 'Digit'; did you mean 'Digits'? Known: "),
    ("data: {class_path: ImageFolder, init_args: {root: nowhere}}", "error: data folder nowhere does not exist"),
]


@pytest.mark.parametrize(("text", "message"), KEYS)
def test_a_mistaken_key_is_one_line(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text(text if text.startswith("-") else f"run: {tmp_path / 'run'}\n{text}\n")
    data = [] if text.startswith("data") else TINY[:2]
    assert message in fail(capsys, "train", "--config", str(tmp_path / "a.yaml"), *data)


def test_what_is_required_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "required: run" in fail(capsys, "train", "--data", "Digits")
    assert "required: data" in fail(capsys, "train", "--run", "x")
    assert "cannot read config" in fail(capsys, "train", "--config", str(tmp_path / "none.yaml"))
    assert "is no run" in fail(capsys, "bench", str(tmp_path))
    assert "no benchmark in" in fail(capsys, "compare", str(tmp_path))
    assert "unknown command 'trian'" in fail(capsys, "trian")


def test_a_changed_config_is_not_resumed_silently(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, small = str(tmp_path / "run"), ["--batch_size", "32", "--bench.corruptions", "[contrast]"]
    assert main(["train", *TINY, run, "--epochs", "1", *small]) == 0
    capsys.readouterr()
    line = fail(capsys, "train", *TINY, run, "--epochs", "2", *small, "--seed", "3", "--resume", "true")
    assert "was started with another config: epochs (1 -> 2), seed (0 -> 3)" in line
    assert load_run(run)[0].epochs == 1
    moved = str((tmp_path / "run").rename(tmp_path / "moved"))
    free = ["--epochs", "1", *small, "--workers", "0", "--resume", "true"]
    assert main(["train", *TINY, moved, *free]) == 0, "neither its place nor its workers make another run"
    (tmp_path / "moved").rename(run)
    assert main(["train", *TINY, run, "--epochs", "2", *small, "--seed", "3", "--resume", "changed"]) == 0
    assert load_run(run)[0].epochs == 2 and len((tmp_path / "run" / "metrics.csv").read_text().splitlines()) == 3
