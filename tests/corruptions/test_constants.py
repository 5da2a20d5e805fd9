"""The table of constants."""

import hashlib
import inspect
import json
from pathlib import Path

import pytest
from torch import Tensor

from robustmoll.corruptions import CONSTANTS, EXTRA, NAMES, PRESETS, REGISTRY, corruption
from robustmoll.corruptions.constants import constants

REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference" / "severities.json"
COMPARED = {  # hashes of the rows that were compared with the reference, for where it is not at hand
    "cifar": "c70f8dcecdd285040f6ff0f62920b834801353c2f360b0b3cab0d108695d02f4",
    "tiny": "080de1ba8a90e68fd900415001804bc7ba80c012fc332db3944de33192ef22c6",
    "imagenet": "cfbc394df5dd3c5a99937f5680c8c7471f3e33c477e110e8be255dfaa8776cee",
}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", CONSTANTS)
def test_five_rows_that_the_function_takes(name: str, preset: str) -> None:
    wanted = len(inspect.signature(REGISTRY[name].function).parameters) - 2
    assert len(CONSTANTS[name][preset]) == 5
    assert all(len(constants(name, preset, severity)) == wanted for severity in range(1, 6))


def test_published_rows() -> None:
    # From the tables of the paper's code, one for each preset.
    assert constants("gaussian_noise", "imagenet", 5) == (0.38,)
    assert constants("jpeg_compression", "tiny", 2) == (58,)
    assert constants("snow", "cifar", 5) == (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8)
    assert constants("glass_blur", "imagenet", 4) == (1.1, 3, 2)


@pytest.mark.parametrize("preset", PRESETS)
def test_all_rows_are_those_of_the_reference(preset: str) -> None:
    ours = json.dumps({name: CONSTANTS[name][preset] for name in sorted((*NAMES, *EXTRA))})
    assert hashlib.sha256(ours.encode()).hexdigest() == COMPARED[preset], "compare them with the reference again"
    for name, values in json.loads(REFERENCE.read_text())[preset].items() if REFERENCE.is_file() else ():
        for severity, row in enumerate(values, start=1):
            ours = constants(name, preset, severity)
            wanted = row if isinstance(row, list) else [row]
            assert ours[: len(wanted)] == pytest.approx(wanted, rel=1e-9)


def test_fractions_interpolate() -> None:
    assert constants("brightness", "tiny", 1.25) == pytest.approx((0.125,))
    assert constants("motion_blur", "cifar", 3.5) == (7, 2)
    assert constants("fog", "imagenet", 0.3) == constants("fog", "imagenet", 1)


def test_registering_wants_a_new_name_with_a_row() -> None:
    with pytest.raises(ValueError, match="there is a corruption 'fog' already"):
        corruption("weather")(REGISTRY["fog"].function)

    def hail(x: Tensor) -> Tensor:
        return x

    with pytest.raises(ValueError, match="'hail' has no row in CONSTANTS"):
        corruption("weather")(hail)
