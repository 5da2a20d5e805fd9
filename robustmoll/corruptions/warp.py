"""The geometry of `elastic_transform`: affine maps through three points, bilinear sampling anywhere."""

import torch
from torch import Tensor
from torch.nn.functional import grid_sample


def inverse_affine(moves: Tensor, height: int, width: int) -> Tensor:
    """The affine maps that take three moved points back to where they were.

    The points are corners of a square in the middle of the image, whose half side is a third of the shorter
    side: lower right, upper right, upper left.

    Args:
        moves: (x, y) of each point in pixels, float64 of shape (B, 3, 2), on the CPU.
        height: Of the image.
        width: Of the image.

    Returns:
        Matrices (B, 2, 3), float64: (x, y) = M (x', y', 1).
    """
    reach = min(height, width) // 3
    corners = torch.tensor([[1, 1], [1, -1], [-1, -1]], dtype=torch.float64, device="cpu") * reach
    points = corners + torch.tensor([width // 2, height // 2], device="cpu")
    moved = torch.cat([points + moves, torch.ones_like(moves[..., :1])], dim=2)
    return torch.linalg.solve(moved, points.expand(len(moves), -1, -1)).mT


def affine_positions(back: Tensor, height: int, width: int, device: torch.device) -> Tensor:
    """Where each pixel comes from under affine maps, in the units of `sample` with edges that do not repeat.

    Args:
        back: Matrices (B, 2, 3) in pixels, float64, on the CPU.
        height: Of the image.
        width: Of the image.
        device: Where the positions are wanted.
    """
    # (x, y) in pixels = half + half * (x, y) in [-1, 1], on both sides of the map.
    half = torch.tensor([[(width - 1) / 2], [(height - 1) / 2]], dtype=torch.float64, device="cpu")
    linear = back[:, :, :2] * half.mT / half
    shift = (back[:, :, :2] @ half + back[:, :, 2:] - half) / half
    x = torch.linspace(-1, 1, width, dtype=torch.float64, device="cpu")
    y = torch.linspace(-1, 1, height, dtype=torch.float64, device="cpu")
    across = (linear[:, :, :1] * x).to(device, torch.float32, non_blocking=True)
    down = (linear[:, :, 1:] * y + shift).to(device, torch.float32, non_blocking=True)
    positions = across.new_empty(len(back), height, width, 2)
    for axis in (0, 1):
        torch.add(across[:, axis, None, :], down[:, axis, :, None], out=positions[..., axis])
    return positions


def moved_positions(shift: Tensor) -> Tensor:
    """Pixels plus shifts (B, 2, H, W) in pixels, x first, in the units of `sample` with edges that repeat."""
    height, width = shift.shape[-2:]
    x = (torch.arange(width, dtype=shift.dtype, device=shift.device) + 0.5) * (2 / width) - 1
    y = (torch.arange(height, dtype=shift.dtype, device=shift.device) + 0.5) * (2 / height) - 1
    positions = shift.new_empty(len(shift), height, width, 2)
    torch.add(x, shift[:, 0], alpha=2 / width, out=positions[..., 0])
    torch.add(y[:, None], shift[:, 1], alpha=2 / height, out=positions[..., 1])
    return positions


def sample(x: Tensor, positions: Tensor, edge_repeats: bool) -> Tensor:
    """Reads images at any positions, bilinearly, mirrored at the borders.

    Args:
        x: Images of shape (B, C, H, W).
        positions: (x, y), (B, H, W, 2); in units in which -1 and 1 are the mirrors.
        edge_repeats: The mirrors stand at the outer edges of the border pixels (cba|abcd, scipy's
            "reflect") or, if false, in their middles (dcb|abcd, OpenCV's REFLECT_101).
    """
    return grid_sample(x, positions, mode="bilinear", padding_mode="reflection", align_corners=not edge_repeats)
