"""The names that users write: each can be imported from where the documentation says, and takes what it says."""

import importlib
import inspect

import pytest

NAMES = {
    "robustmoll": "Anneal Mollify Run corrupt from_pretrained train",
    "robustmoll.schedules": "CosineNoise FittedLabel LinearNoise LogBlur PowerLabel SigmoidNoise SnrLabel SubVP VE VP",
    "robustmoll.times": "Annealed Beta Fixed Uniform",
    "robustmoll.degradations": "GaussianBlur HeatBlur Noise add_noise heat_blur",
    "robustmoll.labels": "degrade sink sink_smooth smooth",
    "robustmoll.mollify": "Anneal Draw Mollify",
    "robustmoll.corruptions": "EXTRA GROUPS NAMES corrupt",
}
ARGUMENTS = {
    "robustmoll.schedules.LogBlur": "sigma_min",
    "robustmoll.schedules.PowerLabel": "k",
    "robustmoll.schedules.SnrLabel": "k",
    "robustmoll.times.Annealed": "steps shape",
    "robustmoll.times.Beta": "a b",
    "robustmoll.times.Fixed": "t",
    "robustmoll.degradations.add_noise": "x alpha sigma noise",
    "robustmoll.degradations.heat_blur": "x sigma",
    "robustmoll.labels.smooth": "y gamma",
    "robustmoll.labels.degrade": "y gamma",
    "robustmoll.labels.sink": "y gamma",
    "robustmoll.labels.sink_smooth": "y gamma",
    "robustmoll.mollify.Anneal": "steps",
    "robustmoll.mollify.Mollify": "num_classes",
    "robustmoll.corruptions.corrupt": "x name severity preset seed ids",
}


@pytest.mark.parametrize("module", NAMES)
def test_a_name_stands_where_it_is_looked_for(module: str) -> None:
    for name in NAMES[module].split():
        assert hasattr(importlib.import_module(module), name), name


@pytest.mark.parametrize("path", ARGUMENTS)
def test_its_first_arguments_are_those_of_the_documentation(path: str) -> None:
    module, name = path.rsplit(".", 1)
    expected = ARGUMENTS[path].split()
    given = list(inspect.signature(getattr(importlib.import_module(module), name)).parameters)
    assert given[: len(expected)] == expected
