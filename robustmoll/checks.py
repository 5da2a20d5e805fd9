"""What every module says to a mistaken caller: one line with what came, what was expected and what to do."""

import difflib
from collections.abc import Iterable

import torch
from torch import Tensor

__all__ = ["Mistake", "check_t", "known_name", "offer", "reason_of", "require"]


class Mistake(SystemExit):
    """What is wrong with a config or a flag, in one line; it ends a program with code 2.

    Attributes:
        line: For the user.
    """

    def __init__(self, line: str) -> None:
        super().__init__(2)
        self.line = line


def known_name(kind: str, name: str, names: Iterable[str]) -> str:
    """Returns `name` if it is one of `names`.

    Args:
        kind: What is looked up, for the message: "corruption", "backbone", ...
        name: What the caller asked for.
        names: What there is.

    Raises:
        ValueError: If there is no such name; the nearest ones are offered.

    Example:
        >>> known_name("corruption", "fogg", ["fog", "frost", "snow"])
        Traceback (most recent call last):
        ...
        ValueError: unknown corruption 'fogg'; did you mean 'fog'? Known: fog, frost, snow
    """
    names = list(names)
    if name in names:
        return name
    raise ValueError(f"unknown {kind} {name!r}{offer(name, names)}")


def offer(name: str, names: Iterable[str]) -> str:
    """Returns what to say behind a name that is not one of `names`: the nearest of them, and all if they are few.

    Example:
        >>> offer("fogg", ["fog", "frost", "snow"])
        "; did you mean 'fog'? Known: fog, frost, snow"
    """
    names = list(names)
    near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
    # A registry of a thousand backbones is no help in one line: the nearest names are.
    known = f" Known: {', '.join(names)}" if len(names) <= 40 else f" {len(names)} names are known."
    return hint + known


def reason_of(error: Exception) -> str:
    """Returns the kind and the beginning of another library's error, in one line.

    Example:
        >>> reason_of(OSError("no such\\n  file"))
        'OSError: no such file'
    """
    return f"{type(error).__name__}: {' '.join(str(error).split())[:120].rstrip(' .')}"


def require(condition: Tensor, message: str) -> None:
    """Raises if a value check fails, without making a CUDA device or a compiled graph wait for the host.

    There the check is queued as a device-side assertion, which stops the program with the same message at the next
    synchronisation. Devices without such assertions (MPS, XPU) are asked at once, as the CPU is.

    Args:
        condition: Boolean tensor of shape (), true if all is well.
        message: One line for the user.

    Raises:
        ValueError: If `condition` is false and could be looked at.
    """
    if condition.device.type in ("cuda", "meta") or torch.compiler.is_compiling():
        torch._assert_async(condition, message)
    elif not condition:
        raise ValueError(message)


def check_t(t: Tensor) -> Tensor:
    """Returns `t` if all of it lies in [0, 1].

    Args:
        t: Float tensor of any shape.

    Raises:
        ValueError: If t is no float tensor, or an entry lies outside [0, 1] or is NaN.
    """
    if not t.is_floating_point():
        raise ValueError(f"t must be a float tensor in [0, 1], got {t.dtype}")
    inside = t.clamp(0, 1) == t  # never true of NaN
    require(inside.all(), "t must lie in [0, 1] (0 = clean, 1 = fully degraded), got a value outside or NaN")
    return t
