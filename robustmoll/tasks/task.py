"""What a task is to the training loop: the model it trains, what a step computes, and how well the model does."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, Protocol, Self, TypeVar

import torch
from torch import Generator, Tensor, nn

__all__ = ["Model", "Task", "TaskDraw", "load_weights"]


class Model(nn.Module):
    """What a task trains: a network, and around it what is known of its data.

    Args:
        backbone: The network; its weights are what is trained and kept.
    """

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone


class TaskDraw(Protocol):
    """The random choices for a batch."""

    def part(self, share: slice) -> Self:
        """Returns the choices for some of the examples, the same as in the whole."""


ExamplesT = TypeVar("ExamplesT")
ModelT = TypeVar("ModelT", bound=Model)
DrawT = TypeVar("DrawT", bound=TaskDraw)
ModelU = TypeVar("ModelU", bound=Model)


class Task(ABC, Generic[ExamplesT, ModelT, DrawT]):
    """What `Trainer` trains; a new one defines the methods below, for its kind of examples, model and draw."""

    def for_length(self, epochs: int, steps_per_epoch: int) -> Self:
        """Returns the task for a training of that length.

        Raises:
            ValueError: If it cannot be done in it.
        """
        return self

    @abstractmethod
    def config(self, train: ExamplesT) -> dict[str, Any]:
        """Returns the model's architecture as plain values, from which `load` builds it."""

    def check_data(self, config: dict[str, Any], train: ExamplesT) -> None:
        """Refuses data that a training which is to go on was not begun with.

        Args:
            config: Of its checkpoint, see `config`.
            train: The training data as they are now.

        Raises:
            ValueError: If they have changed in a way that can be told.
        """

    @abstractmethod
    def build(self, train: ExamplesT) -> ModelT:
        """Returns a fresh model for that data; its weights come from PyTorch's global generator.

        Raises:
            ValueError: If model and data do not fit each other.
        """

    def check_part(self, model: ModelT, n: int) -> None:
        """Refuses parts of batches that a model cannot be trained on.

        Args:
            model: Which is to be trained.
            n: The least number of examples that it will meet at once.

        Raises:
            ValueError: If it needs more of them.
        """

    @abstractmethod
    def load(self, config: dict[str, Any], weights: dict[str, Tensor]) -> ModelT:
        """Returns the trained model of a checkpoint.

        Raises:
            ValueError: If config and weights do not belong together.
        """

    @abstractmethod
    def draw(self, n: int, size: Any, generator: Generator, step: int) -> DrawT:  # noqa: ANN401
        """Returns the random choices for a batch, drawn for the whole of it.

        Args:
            n: Number of examples.
            size: Height and width of images, () of table rows.
            generator: On the CPU.
            step: Training step, counted from 0.
        """

    @abstractmethod
    def prepare(self, model: ModelT, x: Tensor, y: Tensor, draw: DrawT) -> tuple[Tensor, Tensor]:
        """Returns inputs and targets as the network meets them, as many for each example, side by side.

        Args:
            model: What is trained.
            x: Inputs of some examples, as the data set has them.
            y: Their labels.
            draw: For them.
        """

    @abstractmethod
    def losses(self, model: ModelT, network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        """Returns losses whose mean is lowered, one or more an example.

        Args:
            model: What is trained.
            network: Its backbone, as wrapped for distributed or compiled execution.
            x: Inputs of some examples, as `prepare` makes them.
            y: Their targets.
        """

    def calibrate(self, model: ModelT, train: ExamplesT) -> None:
        """Makes a model, in place, ready to be evaluated, by the clean training data; most need nothing."""

    @abstractmethod
    def figures(self, model: ModelT, batches: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
        """Returns how well a model does on clean examples.

        Each figure is the better the smaller, the weightiest first: epochs are compared by them, in that order.

        Args:
            model: In eval mode.
            batches: Inputs and labels.
        """

    def snapshot(self, model: ModelT) -> dict[str, Tensor]:
        """Returns what is kept of a model under way, to be drawn later; always with the same random numbers."""
        return {}

    @abstractmethod
    def describe(self, draw: DrawT) -> str:
        """Returns the choices for a batch in one line, for an error message."""


def load_weights(model: ModelU, weights: dict[str, Tensor]) -> ModelU:
    """Gives a model, in place, the weights of a checkpoint.

    Raises:
        ValueError: If they belong to another architecture.
    """
    own = {name: tensor.shape for name, tensor in model.backbone.state_dict().items()}
    theirs = {name: tensor.shape for name, tensor in weights.items()}
    for name in sorted(own.keys() | theirs.keys()):
        if own.get(name) != theirs.get(name):
            raise ValueError(
                f"the checkpoint is of another architecture: {name} is {_shape(theirs.get(name))} in it,"
                f" {_shape(own.get(name))} in this {type(model.backbone).__name__}"
            )
    model.backbone.load_state_dict(weights)
    return model


def _shape(shape: torch.Size | None) -> str:
    return "absent" if shape is None else str(tuple(shape))
