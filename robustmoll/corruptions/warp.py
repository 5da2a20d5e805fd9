"""The geometry of `elastic_transform`: affine maps through three points, bilinear sampling anywhere."""

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample


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
    corners = torch.tensor([[1, 1], [1, -1], [-1, -1]], dtype=torch.float64) * reach
    points = corners + torch.tensor([width // 2, height // 2])
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
    half = torch.tensor([[(width - 1) / 2], [(height - 1) / 2]], dtype=torch.float64)
    linear = back[:, :, :2]
    shift = linear @ half + back[:, :, 2:] - half
    theta = torch.cat([linear * half.mT / half, shift / half], dim=2).to(device, torch.float32)
    return affine_grid(theta, [len(back), 1, height, width], align_corners=True)


def moved_positions(shift: Tensor) -> Tensor:
    """Pixels plus shifts (B, 2, H, W) in pixels, x first, in the units of `sample` with edges that repeat."""
    height, width = shift.shape[-2:]
    still = torch.eye(2, 3, device=shift.device)[None]
    grid = affine_grid(still, [1, 1, height, width], align_corners=False)
    return grid + shift.permute(0, 2, 3, 1) * torch.tensor([2 / width, 2 / height], device=shift.device)


def sample(x: Tensor, positions: Tensor, edge_repeats: bool) -> Tensor:
    """Reads images at any positions, bilinearly, mirrored at the borders.

    Args:
        x: Images of shape (B, C, H, W).
        positions: (x, y), (B, H, W, 2); in units in which -1 and 1 are the mirrors.
        edge_repeats: The mirrors stand at the outer edges of the border pixels (cba|abcd, scipy's
            "reflect") or, if false, in their middles (dcb|abcd, OpenCV's REFLECT_101).
    """
    return grid_sample(
        x, positions, mode="bilinear", padding_mode="reflection", align_corners=not edge_repeats
    )
