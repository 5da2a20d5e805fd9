"""Batches of a data set on the device that trains, wherever its images are."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from robustmoll.data.image_set import ImageSet
from robustmoll.data.images import Images

__all__ = ["Loader"]


class Loader:
    """Gives the images of rows, as uint8 on a device.

    Images in memory are moved there once, and batches are gathered by index. Others are decoded batch by batch, by
    worker processes that are ahead of the training.

    Args:
        images: The data set.
        device: Where its images are wanted.
        workers: Number of processes that decode; 0 decodes in this one.
    """

    def __init__(self, images: ImageSet, device: torch.device, workers: int) -> None:
        self.device, self.workers = device, workers
        in_memory = isinstance(images.images, Tensor)
        self.images: Images = images.images.to(device) if in_memory else images.images  # type: ignore[attr-defined]
        self.labels = images.labels.to(device)

    def __call__(self, batches: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yields images, shape (B, C, H, W), and labels, shape (B,), for each tensor of rows."""
        for rows, images in zip(batches, self._images(batches), strict=True):
            yield images, self.labels[rows.to(self.device, non_blocking=True)]

    def _images(self, batches: Sequence[Tensor]) -> Iterable[Tensor]:
        if isinstance(self.images, Tensor):
            return (self.images[rows.to(self.device, non_blocking=True)] for rows in batches)
        decoded = DataLoader(
            _Batches(self.images, batches),
            batch_size=None,
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
        )
        return (images.to(self.device, non_blocking=True) for images in decoded)


class _Batches(Dataset[Tensor]):
    """The batches as items, so that each worker decodes whole ones."""

    def __init__(self, images: Images, batches: Sequence[Tensor]) -> None:
        self.images, self.batches = images, batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, number: int) -> Tensor:
        return self.images[self.batches[number]]
