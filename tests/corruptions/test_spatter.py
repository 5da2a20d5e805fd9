"""The steps behind spatter against scipy, shortest paths and loops."""

import numpy as np
import pytest
import scipy.ndimage as ndimage
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from robustmoll.corruptions import corrupt, edges
from robustmoll.corruptions.edges import box_blur, canny, chamfer_distance, emboss, equalized


def test_chamfer_distance_is_the_shortest_path() -> None:
    height, width, most = 23, 17, 9
    source = torch.rand(4, height, width, generator=torch.Generator().manual_seed(0)) > 0.985
    source[3] = False
    ours = chamfer_distance(source.movedim(0, 2).to(torch.uint8), most).movedim(2, 0)
    around = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
    by_squares = {1: 1.0, 2: 1.4, 5: 2.1969}  # OpenCV's lengths, by the square of the exact one
    steps = {(v, u): by_squares[v * v + u * u] for v, u in around if v * v + u * u in by_squares}
    starts, ends, lengths = [], [], []
    for y in range(height):
        for x in range(width):
            for (down, right), length in steps.items():
                if 0 <= y + down < height and 0 <= x + right < width:
                    starts.append(y * width + x)
                    ends.append((y + down) * width + x + right)
                    lengths.append(length)
    graph = coo_array((lengths, (starts, ends)), shape=(height * width,) * 2).tocsr()
    paths = dijkstra(graph)
    for i in range(4):
        sources = source[i].flatten().nonzero()[:, 0].numpy()
        theirs = np.minimum(paths[sources].min(0), most) if len(sources) else np.full(height * width, most)
        np.testing.assert_allclose(ours[i].flatten(), theirs, atol=1e-5)


def canny_by_loops(levels: np.ndarray, low: int, high: int) -> np.ndarray:
    """OpenCV's Canny as its documentation describes it, pixel by pixel."""
    dx = ndimage.sobel(levels, axis=1, mode="nearest")
    dy = ndimage.sobel(levels, axis=0, mode="nearest")
    strength = np.pad(np.abs(dx) + np.abs(dy), 1)
    edge = np.zeros(levels.shape, dtype=bool)
    for y, x in np.ndindex(levels.shape):
        here = strength[y + 1, x + 1]
        angle = np.degrees(np.arctan2(abs(dy[y, x]), abs(dx[y, x])))
        if angle < 22.5:
            largest = here > strength[y + 1, x] and here >= strength[y + 1, x + 2]
        elif angle > 67.5:
            largest = here > strength[y, x + 1] and here >= strength[y + 2, x + 1]
        else:
            side = -1 if dx[y, x] * dy[y, x] < 0 else 1
            largest = here > strength[y, x + 1 - side] and here > strength[y + 2, x + 1 + side]
        edge[y, x] = here > low and largest
    groups, _ = ndimage.label(edge, structure=np.ones((3, 3)))
    strong = np.unique(groups[edge & (strength[1:-1, 1:-1] > high)])
    return np.isin(groups, strong[strong > 0])


def test_canny_is_that_of_the_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edges, "FOLLOWED", 100)  # smooth noise has longer weak edges than drops have
    noise = torch.rand(6, 30, 26, generator=torch.Generator().manual_seed(0)).numpy()
    smooth = ndimage.gaussian_filter(noise, (0, 1.5, 1.5))
    levels = ((smooth - smooth.min()) / np.ptp(smooth) * 255).astype(np.int32)
    ours = canny(torch.from_numpy(levels).movedim(0, 2).to(torch.int16), 50, 150).movedim(2, 0)
    assert 0.02 < ours.float().mean() < 0.5
    for i in range(6):
        assert np.array_equal(ours[i].numpy(), canny_by_loops(levels[i], 50, 150))


def test_equalized_levels_fill_the_range() -> None:
    levels = torch.randint(0, 21, (3, 16, 16), generator=torch.Generator().manual_seed(0)).float()
    levels[1] = levels[1].clamp(min=7)
    levels[2] = 20
    ours = equalized(levels.movedim(0, 2), 21).movedim(2, 0)
    assert torch.equal(ours[2], levels[2])
    for before, after in zip(levels[:2], ours[:2], strict=True):
        lowest = before == before.min()
        at_most = (before.flatten()[None] <= before.flatten()[:, None]).sum(1).view_as(before)
        share = (at_most - lowest.sum()) / (before.numel() - lowest.sum())
        torch.testing.assert_close(after, (share * 255).round(), atol=1, rtol=0)
        assert after.min() == 0 and after.max() == 255


def test_box_blur_and_emboss_mirror_the_border() -> None:
    x = torch.rand(9, 12, 2, generator=torch.Generator().manual_seed(0))
    theirs = ndimage.uniform_filter(x.numpy(), (3, 3, 1), mode="mirror")
    np.testing.assert_allclose(box_blur(x), theirs, atol=1e-6)
    kernel = np.array([[-2.0, -1, 0], [-1, 1, 1], [0, 1, 2]])
    theirs = ndimage.correlate(x.double().numpy(), kernel[:, :, None], mode="mirror")
    np.testing.assert_allclose(emboss(x), theirs, atol=1e-5)


@pytest.mark.parametrize("severity", [1, 4])
def test_where_no_drop_falls_the_image_stays(severity: int) -> None:
    x = torch.full((4, 3, 64, 64), 0.5)
    changed = (corrupt(x, "spatter", severity, "tiny") - x).abs().amax(dim=1) > 1e-6
    assert 0.005 < changed.float().mean() < 0.6
    colour = corrupt(x, "spatter", severity, "tiny").mean(dim=(0, 2, 3)) - 0.5
    assert colour[0] < colour[2] if severity == 1 else colour[0] > colour[2]  # water is blue, mud is brown
