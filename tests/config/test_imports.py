"""What a user's own modules register is found by its name."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import robustmoll as rm
from robustmoll.cli import main
from robustmoll.config import build_trainer, load_run, training_parser
from robustmoll.corruptions import CONSTANTS, REGISTRY
from robustmoll.labels import POLICIES
from robustmoll.tasks.losses import LOSSES

MODULE = """
from robustmoll.data import Digits
from robustmoll.corruptions import CONSTANTS, corruption
from robustmoll.labels import POLICIES, LabelPolicy
from robustmoll.tasks.losses import LOSSES

CONSTANTS["inverted"] = CONSTANTS["brightness"]

@corruption("digital")
def inverted(x, rng, share):
    return 255 - x

class MyDigits(Digits):
    def __init__(self, keep: int = 100, **kwargs):
        super().__init__(**kwargs)

POLICIES["kept"] = LabelPolicy(lambda y, gamma: y)
LOSSES["doubled"] = lambda logits, targets: 2 * LOSSES["cross_entropy"](logits, targets)
"""
CONFIG = {
    "data": "tests.tiny_data.FewDigits",
    "epochs": 1,
    "batch_size": 32,
    "mollify": {"policy": "kept"},
    "loss": "doubled",
    "bench": {"corruptions": ["inverted", "fog"], "severities": [1]},
}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package of the user's, by its name."""
    (tmp_path / "my_extension.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield "my_extension"
    forget()


def forget() -> None:
    """Makes the process as it was before the import."""
    registries: list[tuple[dict[str, Any], str]] = [
        (sys.modules, "my_extension"),
        (POLICIES, "kept"),
        (LOSSES, "doubled"),
        (REGISTRY, "inverted"),
        (CONSTANTS, "inverted"),
    ]
    for registry, name in registries:
        registry.pop(name, None)


def test_a_run_imports_what_it_was_trained_with(module: str, tmp_path: Path) -> None:
    run = rm.train(CONFIG, imports=[module], run=str(tmp_path / "run"))
    trainer, config = load_run(run.folder)
    assert (trainer.task.mollify.policy, trainer.task.loss) == ("kept", "doubled")
    assert config.imports == [module] and [cell.key for cell in run.cells] == ["clean-0", "inverted-1", "fog-1"]
    forget()
    assert main(["export", str(run.folder), "--out", str(tmp_path / "exported")]) == 0
    assert module in sys.modules, "a network of the module's own could not be loaded otherwise"


def test_what_a_class_passes_on_is_known(module: str, tmp_path: Path) -> None:
    parser = training_parser()
    data = {"class_path": f"{module}.MyDigits", "init_args": {"keep": 3, "size": 16}}
    config = parser.parse_configs([{"data": data, "run": str(tmp_path)}])
    assert build_trainer(parser, config).data.size == 16
    forget()
    training_parser().parse_args(["--data", "Digits", "--run", str(tmp_path), "--imports+", module])
    assert module in sys.modules
    with pytest.raises(SystemExit):
        training_parser().parse_configs([{"data": data | {"init_args": {"sice": 16}}, "run": str(tmp_path)}])


def test_a_module_that_breaks_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my_broken.py").write_text("import nothere\n")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "a.yaml").write_text("run: r\ndata: {class_path: my_broken.MyData, init_args: {a: 1}}\n")
    assert main(["train", "--config", str(tmp_path / "a.yaml")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "No module named 'nothere'" in line


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--imports", "[nowhere_at_all]"], "imports: 'nowhere_at_all' cannot be imported (No module named"),
        (["--imports", "[a"], "imports is a list of modules, such as [mypackage], got '[a'"),
        (["--imports=nowhere_at_all"], "imports is a list of modules, such as [mypackage], got 'nowhere_at_all'"),
    ],
)
def test_what_cannot_be_imported_is_one_line(
    flags: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--data", "tests.tiny_data.FewDigits", "--run", str(tmp_path / "run"), *flags]) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "run").exists()
