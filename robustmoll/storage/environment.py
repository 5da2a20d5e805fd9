"""Versions and machine: what a figure may depend on besides the config."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

__all__ = ["environment"]

PACKAGES = ("torch", "torchvision", "timm", "kornia", "accelerate", "numpy")


def environment() -> dict[str, Any]:
    """Returns what a figure may depend on besides the config: versions and machine."""
    return {
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "python": platform.python_version(),
        **{package: _version(package) for package in ("robustmoll", *PACKAGES)},
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
