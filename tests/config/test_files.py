"""Config files: their bases, and what their words mean."""

from pathlib import Path

import pytest
import yaml

from robustmoll.cli import main
from robustmoll.config import load_run, training_parser
from robustmoll.config.files import read_config
from tests.config.failing import fail

SMALL = "data: tests.tiny_data.FewDigits\nepochs: 1\nbatch_size: 32\nbench: {corruptions: [contrast]}\n"
TINY = ["--data", "tests.tiny_data.FewDigits", "--run"]


def write(folder: Path, **files: str) -> str:
    """Writes YAML files and returns the path of the first."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return str(folder / f"{next(iter(files))}.yaml")


def test_later_bases_override_earlier_ones_key_by_key_and_the_file_all(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        top="base: [sub/one.yaml, two.yaml]\nrun: top\nmollify: {time: {init_args: {b: 4}}}\naugment: [RandomCrop]\n",
        sub__one="base: below.yaml\nepochs: 1\nseed: 1\noptimizer: {lr: 0.5, momentum: 0.5}\naugment: [MixUp]\n",
        sub__below="epochs: 7\nbatch_size: 7\ndata: {class_path: CIFAR10, init_args: {root: here}}\n",
        two="run: two\nepochs: 2\noptimizer: {lr: 0.1}\nmollify: {time: Beta}\ndata: Digits\n",
    )
    assert read_config([path]) == {
        "run": "top",
        "epochs": 2,
        "seed": 1,
        "batch_size": 7,
        "optimizer": {"lr": 0.1, "momentum": 0.5},
        "data": {"class_path": "Digits"},  # another class: its root went with it
        "mollify": {"time": {"class_path": "Beta", "init_args": {"b": 4}}},
        "augment": ["RandomCrop"],
    }


def test_a_config_with_bases_is_the_same_as_without(tmp_path: Path) -> None:
    parser = training_parser()
    whole = write(tmp_path, whole="run: r\ndata: Digits\nmollify: {time: {class_path: Beta, init_args: {b: 9}}}\n")
    parts = write(
        tmp_path,
        parts="base: beta.yaml\nrun: r\nmollify: {time: {init_args: {b: 9}}}\n",
        beta="data: Digits\nmollify: {time: Beta}\n",
    )
    dumps = [parser.dump(parser.parse_args(["--config", path])) for path in (whole, parts)]
    assert dumps[0] == dumps[1] and "base" not in yaml.safe_load(dumps[1])
    several = ["--config", str(tmp_path / "beta.yaml"), "--config", whole, "--epochs", "5", "--config", parts]
    assert parser.parse_args(several).epochs == 5, "flags hold, wherever they stand"


def test_a_run_of_a_config_with_bases_stands_alone(tmp_path: Path) -> None:
    path = write(tmp_path, top=f"base: small.yaml\nrun: {tmp_path / 'run'}\n", small=SMALL)
    assert main(["train", "--config", path]) == 0
    (tmp_path / "small.yaml").unlink()
    assert load_run(tmp_path / "run")[0].batch_size == 32


BASES = [
    ({"top": "base: top.yaml\n"}, "top.yaml as its base, which has it as a base itself"),
    ({"top": "base: a.yaml\n", "a": "base: b.yaml\n", "b": "base: a.yaml\n"}, "a.yaml as its base, which has it"),
    ({"top": "base: nowhere.yaml\n"}, "top.yaml: No such file"),
    ({"top": "base: a.yaml\n", "a": "epohs: 3\n"}, "a.yaml: unknown key 'epohs'; did you mean 'epochs'"),
    ({"top": "base: a.yaml\n", "a": "- 3\n"}, "a.yaml must hold keys and values"),
    ({"top": "base: {a: b}\n"}, "top.yaml: base must be a file or a list of files"),
    (
        {"top": "base: a.yaml\nmollify: {time: {init_args: {c: 1}}}\n", "a": "mollify: {time: Beta}\n"},
        "top.yaml: Beta (mollify.time) has no argument 'c'",
    ),
]


@pytest.mark.parametrize(("files", "message"), BASES)
def test_a_mistaken_base_is_one_line(
    files: dict[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in fail(capsys, "train", "--config", write(tmp_path, **files), *TINY, str(tmp_path / "run"))


def test_no_is_a_word_and_yes_still_true(tmp_path: Path) -> None:
    words = "precision: no\nchannels_last: yes\ncompile: off\nresume: false\nmodel: {args: {pretrained: no}}\n"
    config = training_parser().parse_args(["--config", write(tmp_path, words=words), *TINY, str(tmp_path / "run")])
    assert config.precision == "no"
    assert (config.channels_last, config.compile, config.resume) == (True, False, False)
    assert config.model.args == {"pretrained": False}
