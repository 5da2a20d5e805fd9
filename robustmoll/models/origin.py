"""Where networks come from: timm's registry, or a source that keeps a config.json, and what it tells of them."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import timm
from timm.models import get_arch_pretrained_cfgs, get_pretrained_cfg, is_model, load_model_config_from_hf

from robustmoll.checks import known_name, reason_of

__all__ = ["Origin", "cannot_be_had", "check_name", "origin"]

OF_THE_DATA = ("num_classes", "in_chans", "img_size")


class Origin(NamedTuple):
    """What is known of a network before it is built.

    Attributes:
        architecture: Its name in timm's registry.
        args: Arguments of `create_model` that build it as its source does, but those that follow from the data.
        mean: Per-channel mean by which images were standardised in pretraining; None if unknown.
        std: Per-channel standard deviation, likewise.
    """

    architecture: str
    args: dict[str, Any]
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None


def origin(name: str) -> Origin:
    """Returns what is known of a network by its name alone.

    Args:
        name: As for `create_model`.

    Raises:
        ValueError: If there is no such network, or it names a source that does not tell.
    """
    kind, is_source, place = name.partition(":")
    if not is_source:
        check_name(name)
        known = get_pretrained_cfg(name)
        return Origin(name, {}, *(_moments(known.to_dict()) if known else (None, None)))
    try:
        cfg, architecture, args = load_model_config_from_hf(place) if kind.startswith("hf") else _read(Path(place))
    except (OSError, KeyError, ValueError) as error:
        raise cannot_be_had(name, error) from error
    kept = {key: value for key, value in (args or {}).items() if key not in OF_THE_DATA}
    return Origin(architecture, kept | {"keep_stem": True}, *_moments(cfg))


def check_name(name: str) -> None:
    """Raises a ValueError with the nearest names if timm's registry knows no such network or no such tag.

    A name with a source ("hf-hub:owner/name") is known only there.
    """
    if ":" in name:
        return
    if not is_model(name):
        known_name("model", name, timm.list_models())
    architecture, _, tag = name.partition(".")
    if tag:
        known_name("model", name, get_arch_pretrained_cfgs(architecture))


def cannot_be_had(name: str, error: Exception) -> ValueError:
    """Returns an error that says why there is no such network to be had, and what to do."""
    return ValueError(
        f"model {name!r} cannot be had ({reason_of(error)}); without a network, name a file of weights with"
        " pretrained_cfg_overlay={'file': ...}, or a folder as 'local-dir:...'"
    )


def _read(folder: Path) -> tuple[dict[str, Any], str, dict[str, Any] | None]:
    """Reads what timm's `save_pretrained` writes."""
    saved = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return saved.get("pretrained_cfg", saved), saved["architecture"], saved.get("model_args")


def _moments(cfg: dict[str, Any]) -> tuple[tuple[float, ...] | None, ...]:
    return tuple(tuple(cfg[key]) if cfg.get(key) else None for key in ("mean", "std"))
