"""Batches of a data set on the device that trains, wherever its images or rows are."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from robustmoll.data.examples import Examples
from robustmoll.data.images import Images

__all__ = ["Loader"]


class Loader:
    """Gives the examples of rows, as the data set has them (images as uint8), on a device.

    What is in memory is moved there once, and batches are gathered by index. Images in files are decoded batch by
    batch, by worker processes that are ahead of the training.

    Args:
        examples: The data set.
        device: Where its examples are wanted.
        workers: Number of processes that decode; 0 decodes in this one.
    """

    def __init__(self, examples: Examples, device: torch.device, workers: int) -> None:
        self.device, self.workers = device, workers
        inputs = examples.inputs
        self.inputs = inputs.to(device) if isinstance(inputs, Tensor) else inputs
        self.labels = examples.labels.to(device)

    def __call__(self, batches: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yields images, shape (B, C, H, W), or table rows, shape (B, D), and their labels, for each tensor of rows.

        Raises:
            ValueError: If an image cannot be read, whichever process read it; the message names its file.
        """
        for rows, inputs in zip(batches, self._inputs(batches), strict=True):
            yield inputs, self.labels[rows.to(self.device, non_blocking=True)]

    def _inputs(self, batches: Sequence[Tensor]) -> Iterable[Tensor]:
        if isinstance(self.inputs, Tensor):
            return (self.inputs[rows.to(self.device, non_blocking=True)] for rows in batches)
        decoded = DataLoader(
            _Batches(self.inputs, batches),
            batch_size=None,
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
        )
        return (_read(images).to(self.device, non_blocking=True) for images in decoded)


class _Batches(Dataset[Tensor | ValueError]):
    """The batches as items, so that each worker decodes whole ones.

    An error is an item too: of one that a worker raises, the message becomes the worker's whole traceback.
    """

    def __init__(self, images: Images, batches: Sequence[Tensor]) -> None:
        self.images, self.batches = images, batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, number: int) -> Tensor | ValueError:
        try:
            return self.images[self.batches[number]]
        except ValueError as error:
            return error


def _read(images: Tensor | ValueError) -> Tensor:
    if isinstance(images, ValueError):
        raise images
    return images
