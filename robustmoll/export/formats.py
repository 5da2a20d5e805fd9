"""Finished classifiers for other programs: timm's folder of weights, TorchScript, ONNX.

A timm folder is what `timm.create_model("local-dir:FOLDER", pretrained=True)` loads: the bare network, which takes
standardised images. The other two hold the classifier with its standardisation, which takes images in [0, 1].
"""

import io
import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import safetensors.torch
import timm
import torch
from torch import Tensor, nn

from robustmoll.checks import known_name
from robustmoll.evaluate.classifiers.subjects import load_subject
from robustmoll.evaluate.finished import Run
from robustmoll.export.card import model_card
from robustmoll.storage.checkpoint import Checkpoint
from robustmoll.storage.files import json_bytes, write_whole
from robustmoll.storage.run_folder import RunFolder
from robustmoll.tasks import Classifier

__all__ = ["FORMATS", "export", "from_pretrained"]


# Arguments of a network that its weights make needless, or that timm does not know.
OURS = ("pretrained", "checkpoint_path", "keep_stem")


def export(run: Run, folder: str | Path, format: str = "timm") -> Path:
    """Writes a finished classifier, and README.md, its model card.

    Args:
        run: With a classifier.
        folder: Where to; other formats that are there stay.
        format: "timm", "torchscript" or "onnx".

    Returns:
        The folder.

    Raises:
        ValueError: If there is no such format, a package that it needs is missing, or the run has no classifier.
    """
    write = FORMATS[known_name("format", format, FORMATS)]
    folder = Path(folder)
    files = write(run.classifier, run.saved)
    names = files.keys() | {path.name for path in folder.glob("*")}
    # Before anything is written, as the run's benchmark may be damaged.
    card = model_card(run, names, "config.json" in names and _loads_in_timm(run))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, "README.md": card.encode()}.items():
        write_whole(folder / name, content)
    return folder


def from_pretrained(name: str | Path) -> nn.Module:
    """Loads a classifier of images in [0, 1], in eval mode; nothing that a file holds can run.

    Args:
        name: Folder that `robustmoll export` or `robustmoll train` wrote, a timm name, "hf-hub:owner/name", or what
            else `robustmoll bench` takes.

    Raises:
        ValueError: If there is no such network, or its weights cannot be had.
    """
    if RunFolder(name).checkpoints.is_dir():
        return Run(name).classifier
    return load_subject(str(name)).model.eval()


def _loads_in_timm(run: Run) -> bool:
    """Returns whether timm alone builds the network of a timm folder as it is in the run.

    It does not where robustmoll has replaced the stem for small images; the weights may fit nevertheless.
    """
    standardised = _example(run.saved)
    with TemporaryDirectory() as folder, torch.inference_mode():
        for name, content in _timm(run.classifier, run.saved).items():
            (Path(folder) / name).write_bytes(content)
        try:
            network = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
            return torch.equal(network(standardised), run.classifier.backbone(standardised))
        except (RuntimeError, TypeError, ValueError):
            return False


def _timm(classifier: Classifier, saved: Checkpoint) -> dict[str, bytes]:
    """Returns weights, and config.json in timm's words; how robustmoll builds the network stands in it too."""
    config, (channels, height, width) = saved.config, saved.config["pretrained_cfg"]["input_size"]
    args = {name: value for name, value in config["model_args"].items() if name not in OURS}
    known = dict(getattr(classifier.backbone, "pretrained_cfg", {}))
    if known.get("fixed_input_size"):
        args["img_size"] = [height, width]
    names = ("interpolation", "first_conv", "classifier", "pool_size", "fixed_input_size")
    cfg = {name: known[name] for name in names if known.get(name) is not None}
    described = {
        "architecture": config["architecture"].split(".")[0],
        "num_classes": config["num_classes"],
        "label_names": _label_names(config),
        "model_args": {"in_chans": channels, **args},
        "pretrained_cfg": {**cfg, **config["pretrained_cfg"], "crop_pct": 1.0, "num_classes": config["num_classes"]},
        "robustmoll": config,
    }
    weights = {name: tensor.contiguous() for name, tensor in classifier.backbone.state_dict().items()}
    return {
        "model.safetensors": safetensors.torch.save(weights, metadata={"format": "pt"}),
        "config.json": json_bytes(described),
    }


def _label_names(config: Mapping[str, Any]) -> list[str]:
    names = list(config["label_names"])
    return [*names, "no class"] if config["num_classes"] > len(names) else names


def _torchscript(classifier: Classifier, saved: Checkpoint) -> dict[str, bytes]:
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # PyTorch prefers torch.export; who asks for this knows
        torch.jit.save(torch.jit.trace(classifier, _example(saved)), content)
    return {"model.torchscript.pt": content.getvalue()}


def _onnx(classifier: Classifier, saved: Checkpoint) -> dict[str, bytes]:
    if missing := [package for package in ("onnx", "onnxscript") if find_spec(package) is None]:
        raise ValueError(f"the format onnx needs {' and '.join(missing)}: pip install 'robustmoll[export]'")
    batch = {0: torch.export.Dim("batch")}
    program = torch.onnx.export(
        classifier,
        (_example(saved),),
        dynamo=True,
        verbose=False,
        dynamic_shapes=(batch,),
        input_names=["images"],
        output_names=["logits"],
    )
    assert program is not None  # as it is of the exporter before torch.export
    return {"model.onnx": program.model_proto.SerializeToString()}


def _example(saved: Checkpoint) -> Tensor:
    """Returns images of the size that the classifier was trained for."""
    return torch.full((2, *saved.config["pretrained_cfg"]["input_size"]), 0.5)


FORMATS: dict[str, Callable[[Classifier, Checkpoint], dict[str, bytes]]] = {
    "timm": _timm,
    "torchscript": _torchscript,
    "onnx": _onnx,
}
"""From a classifier and its checkpoint to files by name."""
