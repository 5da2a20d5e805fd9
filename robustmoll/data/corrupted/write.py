"""Writes the -C set of any test set; stopped at any moment, it goes on where it was.

The unit of work is a corruption in the npy layout, and a cell in the folder layout. When it is whole it gets a line in
the manifest; what has no line is written again.
"""

import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from robustmoll.checks import known_name
from robustmoll.corruptions import ALL, NAMES, PRESETS, SEVERITIES, corrupt, frost_source, preset_of_size
from robustmoll.corruptions.engine import SMALLEST, check_seed
from robustmoll.data.corrupted.layouts import LAYOUTS
from robustmoll.data.corrupted.manifest import MANIFEST, Manifest, describe
from robustmoll.data.image_set import ImageSet
from robustmoll.progress import ProgressBar

__all__ = ["write_corrupted"]

BATCH = 128
LIBRARIES = ("robustmoll", "torch", "torchvision", "kornia", "numpy", "pillow")


def write_corrupted(
    data: ImageSet,
    out: str | Path,
    *,
    corruptions: Sequence[str] = NAMES,
    severities: Sequence[float] = SEVERITIES,
    preset: str | None = None,
    seed: int = 0,
    layout: Literal["npy", "folder"] | None = None,
    device: str = "cpu",
) -> Path:
    """Writes the images of a test set under corruptions, with a manifest.

    An image's id is its place in the set: `robustmoll.corrupt(x, name, severity, preset, seed, ids=places)` gives the
    same bits.

    Args:
        data: The clean images.
        out: Folder to write into: a new one, or one that was written for the same images with the same settings. What
            is finished there is left as it is; other corruptions are added.
        corruptions: Which ones, of the 15 and the 4 extra ones.
        severities: Which ones, in (0, 5].
        preset: Table of constants: "cifar", "tiny" or "imagenet"; None takes the one made for the images' size.
        seed: Of the corruptions, any integer.
        layout: "npy" writes one file a corruption, all images at the first severity, then all at the second, ..., and
            labels.npy, as CIFAR-10-C; "folder" writes `<corruption>/<severity>/<class>/<name>.png`, as ImageNet-C,
            whose files are JPEG of quality 85: these lose nothing. None takes "npy" up to 32 pixels a side.
        device: Where to compute.

    Returns:
        The folder.

    Raises:
        ValueError: If an argument is not as described, the images are too small, there is no such device, or the folder
            holds something else. Nothing is written then.
        OSError: If the folder cannot be written, or the disk is full. What is finished stays.
    """
    for corruption in corruptions:
        known_name("corruption", corruption, ALL)
    check_severities(severities)
    if min(data.size) < SMALLEST:
        raise ValueError(f"{data.name} has {data.size} pixels; corruptions need {SMALLEST} a side, take larger images")
    asked = Manifest(
        layout=known_name("layout", layout or ("npy" if max(data.size) <= 32 else "folder"), LAYOUTS),
        clean=describe(data),
        preset=known_name("preset", preset or preset_of_size(*data.size), PRESETS),
        seed=check_seed(seed),
        frost=frost_source(),
        severities=[float(severity) for severity in severities],
        device=check_device(device).type,
        versions=[versions()],
        requested=list(dict.fromkeys(corruptions)),
    )
    folder = Path(out).expanduser()
    files = LAYOUTS[asked.layout](folder, data, asked.severities)
    manifest = begin(folder, asked)
    manifest.files |= files.start()
    todo = [
        (corruption, part)
        for corruption in asked.requested
        for part in files.parts()
        if not (files.file(corruption, part) in manifest.files and files.is_there(corruption, part))
    ]
    with ProgressBar(sum(len(part) for _, part in todo) * len(data)) as bar:
        for corruption, part in todo:
            batches = corrupted(data, corruption, part, manifest, torch.device(device), bar)
            manifest.files[files.file(corruption, part)] = files.write(corruption, part, batches)
            manifest.write(folder)
    return folder


def corrupted(
    data: ImageSet,
    corruption: str,
    severities: Sequence[float],
    manifest: Manifest,
    device: torch.device,
    bar: ProgressBar,
) -> Iterator[Tensor]:
    """Yields the images at each severity in turn, batch by batch, on the CPU."""
    for severity in severities:
        for start in range(0, len(data), BATCH):
            ids = range(start, min(start + BATCH, len(data)))
            images = data.images[start : ids.stop].to(device)
            yield corrupt(images, corruption, severity, manifest.preset, manifest.seed, ids).cpu()
            bar.advance(len(ids), f"{corruption} {severity:g}")


def begin(folder: Path, asked: Manifest) -> Manifest:
    """Makes the folder, or finds one that is to go on; returns the manifest that is there then."""
    if (folder / MANIFEST).exists():
        there = Manifest.read(folder)
        there.check_same(asked, folder)
        there.versions += [made_with for made_with in asked.versions if made_with not in there.versions]
        there.requested += [corruption for corruption in asked.requested if corruption not in there.requested]
        there.write(folder)
        return there
    folder.mkdir(parents=True, exist_ok=True)
    if other := next((path.name for path in folder.iterdir() if path.name != f"{MANIFEST}.tmp"), None):
        raise ValueError(f"{folder} holds {other}, but no {MANIFEST}; take an empty or a new folder")
    asked.write(folder)
    return asked


def check_severities(severities: Sequence[float]) -> None:
    """Raises a ValueError unless severities are different numbers in (0, 5], at least one."""
    if len(severities) == 0 or len(set(severities)) < len(severities) or not all(0 < s <= 5 for s in severities):
        raise ValueError(f"severities must be different numbers in (0, 5], got {list(severities)}")


def check_device(name: str) -> torch.device:
    """Returns the device of a name; raises a ValueError if there is none such here."""
    try:
        torch.zeros(1, device=name).cpu()
        return torch.device(name)
    except (RuntimeError, AssertionError) as error:  # the latter where PyTorch was built without that kind of device
        told = str(error).partition("\n")[0].partition(". ")[0]
        raise ValueError(f"device {name!r} cannot be used here: {told}; take another, such as cpu") from error


def versions() -> dict[str, str]:
    """Returns the versions of what has to do with the pixels."""
    return {
        **{library: version(library) for library in LIBRARIES},
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
