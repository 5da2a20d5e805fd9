"""npy files of pixels and labels: mapped, checked before they are read, and never unpickled."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["map_npy", "npy_header"]


def map_npy(path: Path, shape: tuple[int, ...], kinds: str = "u1") -> NDArray:
    """Maps an npy file: it is read where it is looked at, and stays as it is whatever is done to the array.

    Args:
        path: The file.
        shape: What it must have.
        kinds: Types of numbers it may hold, as NumPy abbreviates them, separated by spaces.

    Raises:
        ValueError: If the file is missing, damaged, cut off, or holds something else, such as pickled objects.
    """
    if not path.is_file():
        raise ValueError(f"{path} is missing")
    try:
        array = np.lib.format.open_memmap(path, mode="c")
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(
            f"{path} is no npy file of numbers, or is damaged or cut off ({' '.join(str(error).split())}); get it anew"
        ) from error
    if array.dtype not in (allowed := [np.dtype(kind) for kind in kinds.split()]):
        raise ValueError(f"{path} holds {array.dtype}, but {' or '.join(map(str, allowed))} is needed")
    if array.shape != shape:
        raise ValueError(f"{path} has shape {array.shape}, but {shape} is needed")
    return array


def npy_header(shape: tuple[int, ...]) -> bytes:
    """Returns what stands before the numbers in an npy file of uint8 in C order."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return header.getvalue()
