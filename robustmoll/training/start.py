"""What a training starts from: its newest checkpoint, or weights of another training; frozen parts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from robustmoll.checks import known_name
from robustmoll.storage import checkpoint
from robustmoll.storage.run_folder import RunFolder
from robustmoll.tasks import Model, load_weights

__all__ = ["freeze", "newest", "start_from"]


def newest(folder: Path, fixed: Mapping[str, Any], steps: int) -> checkpoint.Checkpoint | None:
    """Returns the checkpoint that a training goes on with; None if it was stopped before the first: it starts anew.

    Args:
        folder: The run's checkpoints.
        fixed: What must be now as it was when the checkpoint was written.
        steps: Of the whole training.

    Raises:
        ValueError: If something fixed has changed, no checkpoint is whole, or the training has gone further already.
    """
    if not checkpoint.was_begun(folder):
        return None
    found = checkpoint.load_newest(folder)
    kept = found.training.get("fixed", {})  # checkpoints of older versions keep none of it
    for name, now in fixed.items():
        before = kept.get(name, now)
        if before != now:
            raise ValueError(
                f"{name} cannot change within a run ({before} -> {now}); choose another --run, which may start_from a"
                " checkpoint of this one"
            )
    if found.step > steps:
        raise ValueError(
            f"{folder.parent} was trained for {found.step} steps already, and {steps} are asked for: give it as many"
            " epochs as it had, or more, or choose another --run"
        )
    return found


def start_from(model: Model, folder: str | Path) -> None:
    """Gives a fresh model, in place, the weights of a checkpoint.

    Args:
        model: The last layer of a classifier keeps its own weights if the checkpoint's is of another size.
        folder: Of the checkpoint, such as runs/digits/checkpoints/last.

    Raises:
        ValueError: If the folder is a run's, or the checkpoint is damaged or of another architecture.
    """
    if RunFolder(folder).checkpoints.is_dir():
        raise ValueError(f"start_from needs one of a run's checkpoints, got the run; say {folder}/checkpoints/last")
    own, saved = model.backbone.state_dict(), checkpoint.load(Path(folder)).weights
    last = getattr(model.backbone, "pretrained_cfg", {}).get("classifier", "fc")
    heads = (last,) if isinstance(last, str) else tuple(last)  # of a distilled network there are two
    other_size = [
        name for name in own if name.startswith(heads) and name in saved and saved[name].shape != own[name].shape
    ]
    load_weights(model, saved | {name: own[name] for name in other_size})


def freeze(network: nn.Module, modules: Sequence[str]) -> list[nn.Module]:
    """Keeps the weights of modules from being trained.

    Args:
        network: Whose.
        modules: Their names, such as "stem" or "stages.0".

    Returns:
        The modules; while the network trains, they must be in eval mode, or their statistics would move.

    Raises:
        ValueError: If there is no such module.
    """
    named = dict(network.named_modules())
    frozen = [named[known_name("module to freeze", name, list(named)[1:])] for name in modules]
    for module in frozen:
        module.requires_grad_(False)
    return frozen
