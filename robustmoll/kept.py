"""Constant tensors: computed once for each size and device, and kept."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar

import torch
from torch.utils._python_dispatch import _disable_current_modes

__all__ = ["kept"]

T = TypeVar("T")


def kept(maxsize: int) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Like `functools.lru_cache`, for a function that makes constant tensors.

    What is kept must not bear the marks of the moment in which it was made: a tensor born in inference mode could not
    be used in training, one that a tracer made would be a fake for good, and one that names no device would be on
    the caller's default.

    Args:
        maxsize: How many results are kept.
    """

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        @lru_cache(maxsize)
        @wraps(function)
        def made(*args: Any) -> T:  # noqa: ANN401
            if torch.compiler.is_dynamo_compiling():  # dynamo looks through the cache, and knows no such modes
                return function(*args)
            with torch.inference_mode(False), torch.no_grad(), _disable_current_modes(), torch.device("cpu"):
                return function(*args)

        return made

    return decorate
