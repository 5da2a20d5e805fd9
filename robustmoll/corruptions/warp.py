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
    corners = torch.tensor([[1, 1], [1, -1], [-1, -1]], dtype=torch.float64) * reach
    points = corners + torch.tensor([width // 2, height // 2])
    moved = torch.cat([points + moves, torch.ones_like(moves[..., :1])], dim=2)
    return torch.linalg.solve(moved, points.expand(len(moves), -1, -1)).mT


def pixel_grid(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Row numbers (H, 1) and column numbers (1, W) as float32."""
    row = torch.arange(height, dtype=torch.float32, device=device)
    return row[:, None], torch.arange(width, dtype=torch.float32, device=device)[None]


def sample(x: Tensor, row: Tensor, column: Tensor, edge_repeats: bool) -> Tensor:
    """Reads images at any positions, bilinearly, mirrored at the borders.

    Args:
        x: Images of shape (B, C, H, W).
        row: Position from top to bottom in pixels, (B, H, W).
        column: Position from left to right in pixels, (B, H, W).
        edge_repeats: The mirror stands at the outer edge of the border pixels (cba|abcd, scipy's "reflect")
            or, if false, in their middle (dcb|abcd, OpenCV's REFLECT_101).
    """
    height, width = x.shape[-2:]
    if edge_repeats:
        grid = torch.stack([(2 * column + 1) / width - 1, (2 * row + 1) / height - 1], dim=-1)
    else:
        grid = torch.stack([2 * column / (width - 1) - 1, 2 * row / (height - 1) - 1], dim=-1)
    return grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=not edge_repeats)
