"""The tasks that a config can be of: the arguments that each adds to those of `Trainer`, and how it is made of them."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jsonargparse import ArgumentParser, Namespace

from robustmoll.anneal import Anneal
from robustmoll.data import Data
from robustmoll.data.examples import DataSource
from robustmoll.evaluate.classifiers.bench import bench, check_request
from robustmoll.evaluate.densities.measure import measure_run
from robustmoll.mollify import Mollify
from robustmoll.tasks import Classify, Density, DensityArgs, ModelArgs, Task

__all__ = ["LINKED", "TASKS", "TaskConfig"]

# What the data tell, and no key does.
LINKED = "mollify.num_classes"


@dataclass(frozen=True)
class TaskConfig:
    """How a task stands in a config.

    Attributes:
        task: Its class, whose arguments are keys at the top.
        data: The class of which the group `data` names a subclass.
        groups: Those of its arguments that are groups of keys, by name.
        measure: The function that measures what was trained; the group `bench` has its arguments.
        not_keys: Those of `measure` that come from elsewhere.
        defaults: Where they are not those of `Trainer`.
        links: Adds what keys tell of each other.
        check: Refuses values of `bench`.
    """

    task: type[Task[Any, Any, Any]]
    data: type
    groups: Mapping[str, type]
    measure: Callable[..., Any]
    not_keys: frozenset[str]
    defaults: Mapping[str, Any]
    links: Callable[[ArgumentParser], None] = lambda parser: None
    check: Callable[[Namespace], None] = lambda bench: None

    def add_to(self, parser: ArgumentParser) -> None:
        """Adds the task's arguments to a parser that has those of `Trainer`."""
        parser.add_class_arguments(self.task, skip=set(self.groups))
        parser.add_subclass_arguments(self.data, "data", required=True)
        for name, cls in self.groups.items():
            parser.add_class_arguments(cls, name)
        self.links(parser)
        parser.add_function_arguments(self.measure, "bench", skip=set(self.not_keys))
        parser.set_defaults(dict(self.defaults))

    def build(self, parts: Namespace) -> Task[Any, Any, Any]:
        """Makes the task of instantiated arguments."""
        return self.task(**{name: parts[name] for name in inspect.signature(self.task).parameters})

    def measuring(self, config: Namespace) -> dict[str, Any]:
        """Returns the arguments of `measure` that the group `bench` of a config, or the whole of one, holds."""
        names = inspect.signature(self.measure).parameters.keys() - self.not_keys
        return {name: config[name] for name in names if name in config}


def _count_classes(data: Data) -> int:
    return len(data.classes())


def _link_classes(parser: ArgumentParser) -> None:
    parser.link_arguments("data", LINKED, compute_fn=_count_classes, apply_on="instantiate")


def _check_bench(chosen: Namespace) -> None:
    check_request(**{name: chosen[name] for name in inspect.signature(check_request).parameters})


def _check_measure(chosen: Namespace) -> None:
    if chosen.samples < 1:
        raise ValueError(
            f"a bound needs at least 1 latent variable for each example, got bench.samples={chosen.samples}"
        )
    if chosen.generated < 0:
        raise ValueError(f"bench.generated is a number of images, 0 for all, got {chosen.generated}")


TASKS = {
    "classify": TaskConfig(
        task=Classify,
        data=Data,
        groups={"model": ModelArgs, "mollify": Mollify},
        measure=bench,
        not_keys=frozenset(
            ("model", "data", "out", "device", "name", "accelerator", "corrupted", "view", "stage", "held_out")
        ),
        defaults={},
        links=_link_classes,
        check=_check_bench,
    ),
    "density": TaskConfig(
        task=Density,
        data=DataSource,
        groups={"model": DensityArgs, "anneal": Anneal},
        measure=measure_run,
        not_keys=frozenset(("run", "train", "test")),
        defaults={
            "data": {"class_path": "EmbeddedTable"},
            "optimizer.name": "adam",
            "optimizer.lr": 1e-3,
            "optimizer.weight_decay": 0.0,
            "scheduler.warmup_epochs": 0,
        },
        check=_check_measure,
    ),
}
