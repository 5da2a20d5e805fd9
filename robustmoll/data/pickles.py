"""Reads the pickled dictionaries of the CIFAR archives without running anything that a file says."""

import io
import pickle
from typing import Any

import numpy as np

__all__ = ["load_pickled"]

# All that those files name: how NumPy puts an array together. Whatever else a pickle names could be a program.
RECONSTRUCT = np.empty(0).__reduce__()[0]
ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): RECONSTRUCT,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no CIFAR file needs")
        return ADMITTED[module, name]


def load_pickled(content: bytes, name: str) -> dict[bytes, Any]:
    """Returns a pickled dictionary of numbers, strings, lists and NumPy arrays.

    Args:
        content: Of the file.
        name: What messages call it.

    Raises:
        ValueError: If the pickle is damaged, no dictionary, or names anything that such a file has no need of: then it
            is refused before that is looked up.
    """
    try:
        found = _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(f"{name} is refused or damaged: {error}; get the official archive anew") from error
    if not isinstance(found, dict):
        raise ValueError(f"{name} holds a {type(found).__name__}, not the dictionary of a CIFAR file")
    return found
