"""What is known of a network by its name: from timm's registry, and from a folder."""

from pathlib import Path

import pytest
import timm
from timm.models import save_for_hf

from robustmoll.models.origin import Origin, origin


@pytest.mark.parametrize(
    ("name", "mean"),
    [
        ("vit_tiny_patch16_224.augreg_in21k", (0.5, 0.5, 0.5)),
        ("resnet18", (0.485, 0.456, 0.406)),
        ("digits_cnn", None),
    ],
)
def test_the_registry_knows_by_what_images_were_standardised(name: str, mean: tuple[float, ...] | None) -> None:
    found = origin(name)
    assert (found.architecture, found.args, found.mean) == (name, {}, mean)


def test_a_folder_tells_what_it_holds(tmp_path: Path) -> None:
    moments = {"mean": (0.4, 0.5, 0.6), "std": (0.1, 0.2, 0.3)}
    args = {"in_chans": 3, "global_pool": "max"}  # timm's file has lists where Python has tuples
    save_for_hf(timm.create_model("test_resnet", **args), tmp_path, model_args=args, data_config=moments)
    assert origin(f"local-dir:{tmp_path}") == Origin(
        "test_resnet", {"global_pool": "max", "keep_stem": True}, **moments
    )


@pytest.mark.parametrize(
    ("text", "reason"), [(None, "FileNotFoundError"), ("{}", "KeyError"), ("{", "JSONDecodeError")]
)
def test_a_folder_that_does_not_tell_is_named(tmp_path: Path, text: str | None, reason: str) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(
        ValueError, match=rf"model 'local-dir:.*' cannot be had \({reason}: .*; without a network, name"
    ):
        origin(f"local-dir:{tmp_path}")
