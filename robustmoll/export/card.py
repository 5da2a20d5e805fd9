"""The model card of a finished classifier, as Markdown: how to load it, how robust it is, how it was trained."""

from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import yaml

from robustmoll.evaluate.classifiers.tables import summary_text
from robustmoll.evaluate.fingerprint import fingerprint
from robustmoll.evaluate.finished import Run
from robustmoll.storage.run_folder import RunFolder

__all__ = ["model_card"]

PLACES = ("root", "file")  # keys of a config
HEAD = """---
library_name: timm
pipeline_tag: image-classification
tags: [image-classification, robustness, calibration, robustmoll]
---
"""


def model_card(run: Run, files: AbstractSet[str], in_timm: bool) -> str:
    """Returns the card of a run's classifier.

    Args:
        run: Which.
        files: Names of the exported files that the card speaks of.
        in_timm: Whether timm builds the network by itself.
    """
    config = run.saved.config
    channels, height, width = config["pretrained_cfg"]["input_size"]
    classes = len(config["label_names"])
    name = run.folder.resolve().name
    parts = [
        f"{HEAD}\n# {name}",
        f"{config['architecture']}: {channels} x {height} x {width} pixels to {classes} classes, trained with"
        " robustmoll.",
        "## Use",
        *_use(files, in_timm, config),
        "## Robustness",
        *_robustness(run),
        "## Training",
        f"{run.saved.step:,} steps of this config:\n\n```yaml\n{_training(run.folder)}```",
        "## Limits",
        _limits(classes),
    ]
    return "\n\n".join(parts) + "\n"


def _use(files: AbstractSet[str], in_timm: bool, config: dict[str, Any]) -> list[str]:
    """Says how each exported file is loaded."""
    cfg, parts = config["pretrained_cfg"], []
    if "model.safetensors" in files:
        parts.append(
            "Images in [0, 1], shape (B, C, H, W), or uint8:\n\n```python\nimport robustmoll as rm\n\n"
            'model = rm.from_pretrained("FOLDER")\nlogits = model(images)\n```'
        )
        how = (
            'In timm the network takes images standardised with its `pretrained_cfg["mean"]` and `["std"]`,'
            f" {_rounded(cfg['mean'])} and {_rounded(cfg['std'])}:\n\n```python\n"
            "import robustmoll.models  # registers its networks in timm\nimport timm\n\n"
            'network = timm.create_model("local-dir:FOLDER", pretrained=True).eval()\n```'
        )
        parts.append(how if in_timm else "timm alone does not load it: its stem was replaced to suit small images.")
    if "model.torchscript.pt" in files:
        parts.append('`torch.jit.load("model.torchscript.pt")` takes images in [0, 1], float32.')
    if "model.onnx" in files:
        parts.append(
            "model.onnx has the input `images`, in [0, 1], float32, any number of them, and the output `logits`."
        )
    return parts


def _rounded(values: list[float]) -> str:
    return "(" + ", ".join(f"{value:.4f}" for value in values) + ")"


def _robustness(run: Run) -> list[str]:
    """Returns the tables of its benchmark, if there is one of these very weights."""
    if not run.cells:
        return ["Not measured."]
    if not run.results.summary.exists():
        return ["The run's benchmark was not finished, and is left out."]
    model = run.classifier
    if run.results.identity()["weights"] != fingerprint([*model.parameters(), *model.buffers()]):
        return ["The run's benchmark is of other weights, and left out."]
    summary = run.summary
    parts = [
        summary_text(summary).replace("\n## ", "\n### ").partition("\n\n")[2].strip()
    ]  # the card has its own title
    if summary["without"]:
        families = " and ".join(summary["without"]["families"])
        parts.append(f"The training images had {families} too: the figures without these families are the fairer ones.")
    if (a := summary["temperature_a"]) is not None:
        mean = (a * summary["temperature_b"]) ** 0.5
        parts.append(f"Logits are not rescaled: to calibrate them on clean images, divide them by T = {mean:.3f}.")
    return parts


def _training(folder: Path) -> str:
    """The config without what concerns the machine, places on its disk, and the benchmark."""
    path = RunFolder(folder).config
    tree = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept = {key: value for key, value in tree.items() if key not in ("run", "resume", "bench", "trackers", "workers")}
    return yaml.safe_dump(_placeless(kept), sort_keys=False)


def _placeless(tree: Any) -> Any:  # noqa: ANN401 (of YAML)
    """A config without the names of files and folders, of which a reader elsewhere has others."""
    if isinstance(tree, list):
        return [_placeless(item) for item in tree]
    if isinstance(tree, dict):
        started = {"start_from": "other weights"} if tree.get("start_from") else {}
        return {key: _placeless(value) for key, value in (tree | started).items() if key not in PLACES}
    return "(a file)" if isinstance(tree, str) and tree.startswith(("/", "~", "./", "../", "file:")) else tree


def _limits(classes: int) -> str:
    """Says what the figures do not."""
    return (
        f"- It knows {classes} classes and gives one of them to any picture, whatever it shows.\n"
        "- The corruptions of the benchmark are synthetic. It says nothing of adversarial attacks or of other domains."
    )
