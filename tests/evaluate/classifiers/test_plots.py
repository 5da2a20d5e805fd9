"""Pictures show the numbers they are made of, legibly, and leave Matplotlib as they found it."""

from itertools import combinations
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from robustmoll.corruptions import EXTRA, NAMES, corrupt
from robustmoll.data import Digits
from robustmoll.evaluate.classifiers.cells import Cell
from robustmoll.evaluate.classifiers.plots import (
    baseline_bars,
    bench_pictures,
    corruption_sheet,
    errors_by_corruption,
    heat_map,
    reliability_diagrams,
    severity_curves,
    training_curves,
)
from robustmoll.evaluate.classifiers.results import Results
from robustmoll.evaluate.classifiers.sources import Generated
from robustmoll.evaluate.classifiers.summary import summarise
from tests.evaluate.sheets import ROWS, samples, schedules
from tests.evaluate.tiny_bench import FULL, write_bench

SCAN = Digits().load()[1]


def cells_of(folder: Path) -> list[Cell]:
    return Results(folder).cells()


def many(folder: Path, other: Path) -> dict[str, list[list[Cell]]]:
    """Nine configurations of two seeds each, with names of the length that names have."""
    return {f"wide-resnet-{i} with augmentation": [cells_of(folder), cells_of(other)] for i in range(9)}


@pytest.fixture(scope="module")
def pictures(folder: Path, other: Path) -> dict[str, Figure]:
    return {
        **bench_pictures(folder),
        "several": severity_curves({"plain": [cells_of(folder)], "mollified": [cells_of(other)]}),
        "many": severity_curves(many(folder, other)),
        "errors": errors_by_corruption({"plain": [cells_of(folder)], "mollified": [cells_of(other)]}),
        "many-errors": errors_by_corruption(many(folder, other)),
        "baseline": baseline_bars(summarise(cells_of(other), baseline=folder)["baseline"]),
        "corruptions": corruption_sheet(Generated(SCAN), [*NAMES, *EXTRA], [1, 2, 3, 4, 5]),
        "few-corruptions": corruption_sheet(Generated(SCAN), ["fog", "frost"], [0.5, 3]),
        "samples": samples()[0],
        "schedule": schedules(),
        "training": training_curves(ROWS),
    }


def drawn_texts(drawn: Figure, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Bbox]]:
    """All texts that appear in the picture, and where."""
    found: list[tuple[str, Bbox]] = []
    draw = Text.draw

    def record(text: Text, renderer: RendererBase) -> None:
        draw(text, renderer)
        if text.get_visible() and text.get_text().strip():
            found.append((text.get_text(), text.get_window_extent(renderer)))

    with monkeypatch.context() as patch:
        patch.setattr(Text, "draw", record)
        FigureCanvasAgg(drawn).draw()
    return found


def test_no_text_overlaps_another_or_leaves_the_picture(
    pictures: dict[str, Figure], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, drawn in pictures.items():
        texts = drawn_texts(drawn, monkeypatch)
        assert len(texts) >= 5
        for text, box in texts:
            inside = min(box.x0, box.y0) >= -1 and box.x1 <= drawn.bbox.x1 + 1 and box.y1 <= drawn.bbox.y1 + 1
            assert inside, f"{name}: {text!r} leaves the picture"
        for (one, a), (two, b) in combinations(texts, 2):
            apart = a.x1 <= b.x0 + 1 or b.x1 <= a.x0 + 1 or a.y1 <= b.y0 + 1 or b.y1 <= a.y0 + 1
            assert apart, f"{name}: {one!r} overlaps {two!r}"


def test_pictures_fit_a_page(pictures: dict[str, Figure]) -> None:
    assert {name: drawn.get_figwidth() for name, drawn in pictures.items() if drawn.get_figwidth() > 11.5} == {}


def numbers(ax: Axes) -> dict[tuple[float, float], float]:
    return {text.get_position(): float(text.get_text()) for text in ax.texts}


def test_heat_map_shows_every_cell_and_the_means_of_rows(folder: Path) -> None:
    cells = Results(folder).cells()
    drawn = heat_map(cells)
    labels = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert labels == [*NAMES, *EXTRA]
    for ax, column in zip(drawn.axes, ("error", "ece"), strict=True):
        shown = numbers(ax)
        assert len(shown) == 19 * 6
        for row, label in enumerate(labels):
            members = [cell for cell in cells if cell.corruption == label]
            for cell in members:
                assert shown[cell.severity - 1, row] == pytest.approx(100 * getattr(cell, column), abs=0.0501)
            mean = fmean(100 * getattr(cell, column) for cell in members)
            assert shown[5.25, row] == pytest.approx(mean, abs=0.0501)
        assert f"{100 * getattr(cells[0], column):.1f}" in ax.get_title(loc="left")
    assert drawn.axes[0].yaxis_inverted()  # the first row is at the top


def test_heat_map_leaves_missing_cells_empty(tmp_path: Path) -> None:
    cells = Results(write_bench(tmp_path, 1.0)).cells()  # 4 cells of a grid of 3 corruptions x 4 severities
    assert len(numbers(heat_map(cells).axes[0])) == 4 + 3


def test_severity_curves_start_at_clean_and_follow_the_means(folder: Path, other: Path) -> None:
    runs = {path.name: [cells_of(path)] for path in (folder, other)}
    drawn = severity_curves(runs)
    columns = len(drawn.axes) // 3
    everything, noise = drawn.axes[columns], drawn.axes[columns + 1]
    for lines, names in ((everything.lines, NAMES), (noise.lines, NAMES[:3])):
        assert len(lines) == 2
        for line, (cells,) in zip(lines, runs.values(), strict=True):
            means = [
                np.mean([c.ece for c in cells if c.severity == severity and c.name in names])
                for severity in range(1, 6)
            ]
            np.testing.assert_allclose(line.get_xdata(), range(6))
            np.testing.assert_allclose(line.get_ydata(), 100 * np.array([cells[0].ece, *means]))
    for column in range(columns):
        for row in range(3):
            ax = drawn.axes[row * columns + column]
            low, high = ax.get_ylim()
            assert all(low <= y <= high for line in ax.lines for y in line.get_ydata())
    assert [text.get_text() for text in drawn.legends[0].texts] == list(runs)


def test_errors_by_corruption_are_means_over_severities(folder: Path, other: Path) -> None:
    runs = {path.name: [cells_of(path)] for path in (folder, other)}
    ax = errors_by_corruption(runs).axes[0]
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["clean", *NAMES]
    points = [line for line in ax.lines if line.get_marker() != "None"]
    for row, label in enumerate(labels):
        for line, (cells,) in zip(points[2 * row : 2 * row + 2], runs.values(), strict=True):
            mean = np.mean([100 * cell.error for cell in cells if cell.name == label])
            assert (line.get_xdata()[0], line.get_ydata()[0]) == (pytest.approx(mean), row)


def test_seeds_are_drawn_as_mean_and_standard_deviation(folder: Path, other: Path) -> None:
    seeds = [cells_of(folder), cells_of(other)]
    drawn = severity_curves({"one": seeds, "two": seeds[:1]})
    errors = np.array(
        [
            [c[0].error, *(np.mean([x.error for x in c if x.name in NAMES and x.severity == s]) for s in range(1, 6))]
            for c in seeds
        ]
    )
    np.testing.assert_allclose(drawn.axes[0].lines[0].get_ydata(), 100 * errors.mean(0))
    (band,) = drawn.axes[0].collections
    low, high = band.get_paths()[0].vertices[:, 1].min(), band.get_paths()[0].vertices[:, 1].max()
    edges = 100 * np.array([errors.mean(0) - errors.std(0, ddof=1), errors.mean(0) + errors.std(0, ddof=1)])
    assert (low, high) == (pytest.approx(edges.min()), pytest.approx(edges.max()))


def test_every_run_of_many_is_drawn_and_looks_different(folder: Path, other: Path) -> None:
    drawn = severity_curves({f"run-{i}": [cells_of(folder)] for i in range(28)})
    looks = {
        (line.get_color(), str(line.get_linestyle()), line._dash_pattern[1] and tuple(line._dash_pattern[1]))
        for line in drawn.axes[0].lines
    }
    assert len(drawn.axes[0].lines) == 28 == len(looks)
    points = errors_by_corruption(many(folder, other)).axes[0].lines
    assert len([line for line in points if line.get_marker() != "None"]) == 9 * 16


def test_baseline_bars_are_the_ratios(folder: Path, other: Path) -> None:
    found = summarise(cells_of(other), baseline=folder)["baseline"]
    found["ce"]["fog"] = None
    left, right = baseline_bars(found).axes
    assert [label.get_text() for label in left.get_yticklabels()] == list(NAMES)
    np.testing.assert_allclose([b.get_width() for b in left.patches], [100 * v for v in found["ce"].values() if v])
    np.testing.assert_allclose([b.get_width() for b in right.patches], [100 * v for v in found["relative_ce"].values()])
    assert f"{100 * found['relative_mce']:.1f} %" in right.get_title(loc="left")


def test_corruption_sheet_shows_what_the_model_sees() -> None:
    drawn = corruption_sheet(Generated(SCAN, seed=3), ["fog", "gaussian_noise"], [1, 5], row=1)
    shown = [ax.images[0].get_array()[..., 0] for ax in drawn.axes if ax.images]
    expected = [
        corrupt(SCAN.images[1:2], name, severity, seed=3, ids=[1])[0, 0]
        for name in ("gaussian_noise", "fog")
        for severity in (0, 1, 5)
    ]
    assert len(shown) == 6
    for pixels, image in zip(shown, expected, strict=True):
        np.testing.assert_array_equal(pixels, image)
    assert "frost (procedural)" in " ".join(
        text.get_text().replace("\n", " ")
        for ax in corruption_sheet(Marked(SCAN), ["frost"], [1]).axes
        for text in ax.texts
    )


class Marked(Generated):
    def label(self, corruption: str) -> str:
        return f"{corruption} (procedural)"


def test_reliability_after_temperature_scaling_is_of_the_scaled_outcomes(tmp_path: Path) -> None:
    results = Results(write_bench(tmp_path, 2.0, cells=FULL))
    title = reliability_diagrams(results, scaled=True).axes[0].get_title(loc="left")
    assert (
        title
        == f"clean: ECE {100 * results.cells()[0].ece_ts:.1f} %"
        != f"clean: ECE {100 * results.cells()[0].ece:.1f} %"
    )


def test_reliability_bars_are_accuracy_and_gap(tmp_path: Path) -> None:
    results = Results(write_bench(tmp_path, 2.0, cells=FULL))
    drawn = reliability_diagrams(results)
    clean = results.judged(results.cells()[0]).raw
    bars = drawn.axes[0].patches
    assert len(bars) == 30 and {bar.get_alpha() for bar in bars} == {0.3, 1}
    for b in range(15):
        low, gap = bars[2 * b : 2 * b + 2]
        inside = (clean.confidence > b / 15) & (clean.confidence <= (b + 1) / 15)
        if inside.any():
            accuracy, confidence = 100 * clean.correct[inside].mean(), 100 * clean.confidence[inside].mean()
            assert low.get_height() == pytest.approx(min(accuracy, confidence))
            assert low.get_height() + gap.get_height() == pytest.approx(max(accuracy, confidence))
            assert (low.get_alpha() == 1) == (inside.sum() >= 10)
        else:
            assert np.isnan(low.get_height())
    shares = [bar.get_height() for bar in drawn.axes[3].patches]
    assert sum(shares) == pytest.approx(100) and max(shares) <= drawn.axes[3].get_ylim()[1]
    titles = [ax.get_title(loc="left") for ax in drawn.axes if ax.get_title(loc="left")]
    assert len(titles) == 6 and titles[0] == f"clean: ECE {100 * results.cells()[0].ece:.1f} %"
    severest = [cell.ece for cell in results.cells() if cell.severity == 5 and cell.name in NAMES]
    assert titles[5] == f"severity 5: ECE {100 * fmean(severest):.1f} %"
