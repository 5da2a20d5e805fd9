import errno
import json
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from robustmoll.evaluate.finished import Run
from robustmoll.storage import checkpoint
from robustmoll.storage.checkpoint import Checkpoint, Damaged
from robustmoll.storage.files import sha256


def make(step: int) -> Checkpoint:
    return Checkpoint(
        step, {"w": torch.full((3,), float(step))}, {"architecture": "x"}, {"lr": 0.1, "b": torch.ones(2)}
    )


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, make(3))
    found = checkpoint.load(tmp_path / "last")
    assert (found.step, found.config, found.training["lr"]) == (3, {"architecture": "x"}, 0.1)
    assert torch.equal(found.weights["w"], make(3).weights["w"]) and torch.equal(found.training["b"], torch.ones(2))


def test_the_one_before_is_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        checkpoint.save(tmp_path, make(step))
    assert checkpoint.load(tmp_path / "last").step == 3 and checkpoint.load(tmp_path / "previous").step == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last", "previous"]


def test_the_best_one_is_kept_beside_and_is_the_final_one(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        checkpoint.save(tmp_path, make(step), best=step < 3)
    assert checkpoint.load_final(tmp_path).step == 2 and checkpoint.load_newest(tmp_path).step == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best", "last", "previous"]
    (tmp_path / "best" / "config.json").write_text("{}")
    with pytest.warns(UserWarning, match=r"damaged checkpoint: .*best/config\.json"):
        assert checkpoint.load_final(tmp_path).step == 3


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "training.pt", "checkpoint.json"])
@pytest.mark.parametrize("damage", ["cut", "flip", "remove", "empty"])
def test_a_damaged_last_one_gives_way_to_the_one_before(tmp_path: Path, name: str, damage: str) -> None:
    for step in (1, 2):
        checkpoint.save(tmp_path, make(step))
    path = tmp_path / "last" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    spoil: dict[str, Callable[[], object]] = {
        "cut": lambda: path.write_bytes(path.read_bytes()[:-7]),
        "flip": lambda: path.write_bytes(content),
        "remove": path.unlink,
        "empty": lambda: path.write_bytes(b""),
    }
    spoil[damage]()
    with pytest.warns(UserWarning, match=f"passed over a damaged checkpoint: .*{name}"):
        found = checkpoint.load_newest(tmp_path)
    assert found.step == 1 and found.name == "previous"


def test_a_run_says_that_it_is_not_read_from_its_final_checkpoint(tmp_path: Path) -> None:
    for step, best in ((1, True), (2, False)):
        checkpoint.save(tmp_path / "checkpoints", make(step), best)
    (tmp_path / "checkpoints" / "best" / "config.json").write_text("{}")
    with pytest.warns(UserWarning, match="passed over a damaged checkpoint: .*best/config.json"):
        assert Run(tmp_path).saved.step == 2


def save_killed(killed_at: int, folder: Path, step: int, best: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saves a checkpoint in a process that does not come farther than some moment."""
    count = 0

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            nonlocal count
            if count == killed_at:
                raise SystemExit("killed")
            count += 1
            return real(*args, **kwargs)

        return call

    for module, name in ((os, "replace"), (os, "rename"), (os, "fsync"), (shutil, "rmtree")):
        monkeypatch.setattr(module, name, counted(getattr(module, name)))
    with pytest.raises(SystemExit):
        checkpoint.save(folder, make(step), best)
    monkeypatch.undo()


@pytest.mark.parametrize("best", [False, True])
@pytest.mark.parametrize("killed_at", range(12))
def test_killed_at_any_moment_a_whole_checkpoint_is_left(
    tmp_path: Path, killed_at: int, best: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in (1, 2):
        checkpoint.save(tmp_path, make(step), best)
    save_killed(killed_at, tmp_path, 3, best, monkeypatch)
    for load in (checkpoint.load_newest, checkpoint.load_final):
        with warnings.catch_warnings(action="error"):  # none is damaged
            assert load(tmp_path).step in (1, 2, 3)
    checkpoint.save(tmp_path, make(4), best)
    assert checkpoint.load_newest(tmp_path).step == checkpoint.load_final(tmp_path).step == 4


@pytest.mark.filterwarnings("ignore:passed over a damaged checkpoint")
@pytest.mark.parametrize("killed_at", range(9))
def test_killed_at_any_moment_a_whole_checkpoint_is_left_beside_a_damaged_one(
    tmp_path: Path, killed_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in (1, 2):
        checkpoint.save(tmp_path, make(step))
    (tmp_path / "last" / "model.safetensors").write_bytes(b"")
    save_killed(killed_at, tmp_path, 3, False, monkeypatch)
    assert checkpoint.load_newest(tmp_path).step in (1, 3)


@pytest.mark.parametrize("best", [False, True])
@pytest.mark.parametrize("killed_at", range(7))
def test_killed_in_the_first_one_a_run_has_none(
    tmp_path: Path, killed_at: int, best: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_killed(killed_at, tmp_path, 1, best, monkeypatch)
    assert not checkpoint.was_begun(tmp_path)
    checkpoint.save(tmp_path, make(1), best)
    assert checkpoint.was_begun(tmp_path) and checkpoint.load_newest(tmp_path).step == 1


@pytest.mark.parametrize("best", [False, True])
@pytest.mark.parametrize("full_at", range(8))
def test_on_a_full_disk_the_old_checkpoints_stay(
    tmp_path: Path, full_at: int, best: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint.save(tmp_path, make(1), best)
    real, calls = os.fsync, iter(range(99))

    def fsync(descriptor: int) -> None:
        if next(calls) == full_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match=rf"No space left on device: '{tmp_path}"):
        checkpoint.save(tmp_path, make(2), best)
    monkeypatch.undo()
    for load in (checkpoint.load_newest, checkpoint.load_final):
        with warnings.catch_warnings(action="error"):  # none is damaged
            assert load(tmp_path).step in ((1, 2) if best else (1,)), "whole, and no older than what was there"
    checkpoint.save(tmp_path, make(3), best)
    assert checkpoint.load_newest(tmp_path).step == 3


def test_none_left_is_said(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="holds no checkpoint; train first"):
        checkpoint.load_newest(tmp_path)


class Trap:
    """Runs code when it is unpickled the careless way."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("name", ["training.pt", "model.safetensors"])
def test_code_in_a_checkpoint_does_not_run(tmp_path: Path, name: str) -> None:
    mark, trap, manifest = tmp_path / "mark", tmp_path / "last" / name, tmp_path / "last" / "checkpoint.json"
    checkpoint.save(tmp_path, make(1))
    torch.save({"x": Trap(mark)}, trap)
    content = json.loads(manifest.read_text())
    content["sha256"][name] = sha256(trap.read_bytes())  # the attacker thinks of the hash
    manifest.write_text(json.dumps(content))
    with pytest.raises(Damaged, match=r"refused|no safetensors"):
        checkpoint.load(tmp_path / "last")
    assert not mark.exists()
    torch.load(trap.rename(tmp_path / "trap.pt"), weights_only=False)
    assert mark.exists(), "the trap itself must work"
