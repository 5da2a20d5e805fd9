"""Tables: what is read, how it is split and scaled, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from robustmoll.data.tables import (
    Columns,
    EmbeddedTable,
    GaussianRing,
    Moons,
    RedWine,
    Table,
    TableFile,
    TableSet,
    VonMisesRing,
)
from robustmoll.data.tables.columns import last_digits

TABLES: list[Table] = [
    *(EmbeddedTable(name) for name in ("wine", "iris", "breast_cancer", "diabetes")),
    *(GaussianRing(n=500), VonMisesRing(n=500), Moons(n=500)),
]


def written(path: Path, text: str) -> TableFile:
    path.write_text(text)
    return TableFile(str(path), shuffle=False)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.read().name)
def test_rows_are_standardised_by_the_training_part_and_come_back_in_their_units(table: Table) -> None:
    train, test = table.load()
    assert (train.split, test.split) == ("train", "test") and len(test) == len(table.read().numbers) // 10
    torch.testing.assert_close(train.inputs.mean(0), torch.zeros(train.domain.shape), atol=1e-4, rtol=0)
    torch.testing.assert_close(train.inputs.std(0, correction=0), torch.ones(train.domain.shape), atol=1e-4, rtol=0)
    back = train.domain.leave(torch.cat([train.inputs, test.inputs])).numpy()
    numbers = table.read().numbers
    np.testing.assert_allclose(np.sort(back, 0), np.sort(numbers, 0), atol=1e-5 * np.abs(numbers).max())
    again = table.load()[0]
    assert torch.equal(again.inputs, train.inputs), "the split is always the same"


def test_the_last_rows_are_the_test_and_those_before_them_validation(tmp_path: Path) -> None:
    np.save(tmp_path / "redwine.npy", np.stack([np.arange(105.0), np.arange(105.0) % 7], axis=1))
    train, test = RedWine(str(tmp_path)).load()
    left, held_out = train.hold_out(0.1)
    parts = [part.domain.leave(part.inputs)[:, 0].round().tolist() for part in (left, held_out, test)]
    assert parts == [list(range(86)), list(range(86, 95)), list(range(95, 105))]
    assert held_out.split == "validation" and left.split == "train"
    assert train.domain.mean[0] == pytest.approx(np.arange(95).mean()), "of both training parts"


@pytest.mark.parametrize("other", [0.3, 0.1 + 0.2])
def test_a_column_must_vary_where_it_is_trained_on(tmp_path: Path, other: float) -> None:
    """Up to rounding."""
    column = np.where(np.arange(120) % 2, 0.3, other)
    column[98:] = np.arange(22)
    np.save(tmp_path / "a.npy", np.stack([np.arange(120.0), column], axis=1))
    train, _ = TableFile(str(tmp_path / "a.npy"), shuffle=False).load()
    with pytest.raises(ValueError, match="a has one value only in column '1' of the training rows"):
        train.hold_out(0.1)
    assert len(train.hold_out(0.05)[0]) == 103


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_column_of_small_or_near_values_varies(tmp_path: Path, kind: type) -> None:
    columns = np.stack([1 + 1e-5 * np.arange(40), 1e-20 * np.arange(40)], axis=1)
    np.save(tmp_path / "a.npy", columns.astype(kind))
    train, _ = TableFile(str(tmp_path / "a.npy"), shuffle=False).load()
    assert len(train.hold_out(0.1)[0]) == 33


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_with_and_without_names_is_the_array(tmp_path: Path, separator: str) -> None:
    numbers = np.random.default_rng(0).normal(size=(20, 3)).round(3)
    lines = [separator.join(map(str, row)) for row in numbers]
    named = written(tmp_path / "a.csv", "\n".join([separator.join(["x", "y", "z"]), *lines]))
    bare = written(tmp_path / "b.csv", "\n".join(lines) + "\n")
    np.save(tmp_path / "c.npy", numbers)
    for table in (named, bare, TableFile(str(tmp_path / "c.npy"), shuffle=False)):
        np.testing.assert_array_equal(table.read().numbers, numbers)
    assert named.read().columns == ("x", "y", "z") and bare.read().columns == ("0", "1", "2")
    chosen = TableFile(str(tmp_path / "a.csv"), columns=["z", "x"], shuffle=False).read()
    np.testing.assert_array_equal(chosen.numbers, numbers[:, [2, 0]])
    alike = written(tmp_path / "d.csv", "\n".join([separator.join("xxz"), *lines]))
    alike.columns = ["z"]
    np.testing.assert_array_equal(alike.read().numbers, numbers[:, [2]])


ROWS = "\n".join(f"{i},{i % 5}" for i in range(30))
BAD = [
    ("x,y\n1,2\n3,\n" + ROWS, "1 value(s) that are missing, infinite or beyond 1e+150, the first in column 'y', row 2"),
    *(
        (f"1,2\n{value},3\n" + ROWS, "1 value(s) that are missing, infinite or beyond 1e+150, the first in column '0'")
        for value in ("inf", "-1e300")
    ),
    *(
        ("x,y\n" + "\n".join(f"{i},{same}" for i in range(30)), "one value only in column 'y'")
        for same in (4, 0.1, 0.3, 1.1)
    ),
    ("x,y\n" + "\n".join(f"{i},{0.1 + 0.2 if i % 2 else 0.3}" for i in range(30)), "one value only in column 'y'"),
    ("x,y\n1,red\n" + ROWS, "'red' in column 'y', row 1, where a number was expected"),
    ("1,2\n3,4,5\n", "2 fields in line 1, but 3 in line 2"),
    ("x,x,y\n1,2,3\n" + "\n".join(f"{i},{i % 5},{i % 7}" for i in range(30)), "has 2 columns named 'x'"),
    *(
        ('x,y\n1.0,"2\n' + rows * "1,2\n", f"a.csv is no CSV: {said} in line")
        for rows, said in ((10, "unexpected end of data"), (50_000, "field larger than field limit (131072)"))
    ),
    ("x,y\n" + '1,"2\n' * 40 + ROWS, """a.csv is no CSV: ',' expected after '"' in line 3"""),
    ("x,y\n1," + 200 * "red " + "\n" + ROWS, "'red red red red red red red red red red ' in column 'y'"),
    ("", "is empty"),
    ("1,2\n", "1 row(s)"),
    ("x,y\n", "0 row(s)"),
]


def test_a_delimiter_within_quotes_is_none(tmp_path: Path) -> None:
    table = written(tmp_path / "a.csv", '"a,b,c";d\n0.1;0.2\n0.3;0.5\n').read()
    assert table.columns == ("a,b,c", "d") and table.numbers.tolist() == [[0.1, 0.2], [0.3, 0.5]]


def test_a_suffix_in_capitals_is_one(tmp_path: Path) -> None:
    assert written(tmp_path / "A.CSV", "x,y\n0.1,0.2\n").read().columns == ("x", "y")


def test_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("größe,y\n1,2\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"a\.csv is not UTF-8 \(invalid .*\); save it in this encoding"):
        TableFile(str(tmp_path / "a.csv")).read()


@pytest.mark.parametrize("header", [",x,y", ",0,1"])
def test_an_index_of_pandas_is_no_column(tmp_path: Path, header: str) -> None:
    table = written(tmp_path / "a.csv", f"{header}\n0,5,7\n1,6,9\n").read()
    assert table.columns == tuple(header.split(",")[1:]) and table.numbers.tolist() == [[5, 7], [6, 9]]
    unnamed = written(tmp_path / "b.csv", f"{header}\n3,5,7\n1,6,9\n").read()
    assert unnamed.columns == ("", *header.split(",")[1:]), "it does not count the rows"


def test_a_column_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"names a column twice, .*: x, y, x"):
        TableFile("a.csv", columns=["x", "y", "x"])


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_table_that_is_none_is_refused_in_a_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError) as error:
        written(tmp_path / "a.csv", text).load()
    assert message in str(error.value) and "\n" not in str(error.value) and len(str(error.value)) < 400


def test_a_line_that_counts_the_columns_names_them(tmp_path: Path) -> None:
    """As pandas writes an array."""
    counted = written(tmp_path / "a.csv", "0,1,2\n0.5,2,3\n0,1,2\n").read()
    assert counted.columns == ("0", "1", "2") and counted.numbers.tolist() == [[0.5, 2, 3], [0, 1, 2]]
    assert len(written(tmp_path / "b.csv", "0,1,2.0\n0.5,2,3\n").read().numbers) == 2


def test_truth_values_are_zeros_and_ones(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[True, False], [False, True]]))
    assert TableFile(str(tmp_path / "a.npy")).read().numbers.tolist() == [[1, 0], [0, 1]]


def test_files_and_names_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot read table .*redwine.npy: No such file"):
        RedWine(str(tmp_path)).load()
    with pytest.raises(ValueError, match="unknown table of scikit-learn 'wines'; did you mean 'wine'"):
        EmbeddedTable("wines")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"unknown kind of table '.xlsx'"):
        TableFile("a.xlsx").load()
    np.save(tmp_path / "text.npy", np.array([["a", "b"]]))
    with pytest.raises(ValueError, match="'a' in column '0'"):
        TableFile(str(tmp_path / "text.npy")).load()
    np.save(tmp_path / "pickled.npy", np.array([[object()]]), allow_pickle=True)
    (tmp_path / "empty.npy").touch()
    with open(tmp_path / "several.npy", "wb") as file:
        np.savez(file, np.zeros((3, 3)))
    for name in ("pickled", "empty", "several"):
        with pytest.raises(ValueError, match=r"no \.npy file of plain numbers"):
            TableFile(str(tmp_path / f"{name}.npy")).load()
    np.save(tmp_path / "complex.npy", np.array([[1j, 2], [3, 4]]))
    with pytest.raises(ValueError, match="holds complex numbers; real and imaginary parts can be columns"):
        TableFile(str(tmp_path / "complex.npy")).load()
    table = written(tmp_path / "a.csv", "red,white\n" + ROWS)
    table.columns = ["rd"]
    with pytest.raises(ValueError, match="unknown column 'rd'; did you mean 'red'"):
        table.load()


def test_jitter_stays_within_what_was_rounded() -> None:
    numbers = np.array([[7.4, 3, 0.123456], [7.8, 12, 0.2], [8.0, 4, 1 / 3], [8.25, 5, 2 / 3], [9.9, 6, 1 / 7]])
    assert last_digits(numbers) == (0.1, 1.0, 0.0), "one value in four may be noted more exactly"
    domain = Columns(("a", "b", "c"), (8.0, 6.0, 0.0), (2.0, 4.0, 1.0), (0.1, 1.0, 0.0))
    x = torch.zeros(1000, 3)
    moved = domain.leave(domain.enter(x, torch.rand(1000, 3, generator=torch.Generator().manual_seed(0))))
    spread = moved.amax(0) - moved.amin(0)
    torch.testing.assert_close(spread, torch.tensor([0.1, 1.0, 0.0], dtype=torch.float64), atol=0.01, rtol=0)
    torch.testing.assert_close(moved.mean(0), torch.tensor([8.0, 6.0, 0.0], dtype=torch.float64), atol=0.03, rtol=0)
    assert torch.equal(domain.enter(x), x)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_last_digits_are_those_of_the_file_whatever_its_floats(tmp_path: Path, kind: type) -> None:
    rng = np.random.default_rng(0)
    tenths, exact = rng.uniform(4, 16, 300).round(1), rng.normal(size=300)
    density, tens = rng.uniform(0.99, 1.01, 300).round(5), rng.integers(1, 20, 300) * 10.0
    np.save(tmp_path / "a.npy", np.stack([tenths, density, tens, exact, 1e4 * exact], axis=1).astype(kind))
    domain = TableFile(str(tmp_path / "a.npy")).load()[0].domain
    assert domain.last_digit == (0.1, 1e-5, 1.0, 0.0, 0.0)


def test_small_units_are_not_taken_for_rounded_zeros() -> None:
    rng = np.random.default_rng(0)
    some, tenths = rng.normal(size=300), rng.integers(-40, 40, 300) / 10
    tailed = 1e-8 * some * np.where(rng.random(300) < 0.1, 1e8, 1)
    sums = tenths + rng.integers(-40, 40, 300) / 10  # 0.1 + 0.2 is not 0.3
    assert last_digits(np.stack([1e-7 * some, 1e-30 * some, tailed, tenths, sums], axis=1)) == (0, 0, 0, 0.1, 0.1)


def test_toys_have_the_mass_that_they_say() -> None:
    ring = torch.from_numpy(VonMisesRing(kappa=2, std=0.02, n=20_000).read().numbers)
    radius, angle = ring.norm(dim=1), torch.atan2(ring[:, 1], ring[:, 0])
    assert radius.mean() == pytest.approx(1, abs=1e-3) and radius.std() == pytest.approx(0.02, rel=0.05)
    assert angle.cos().mean() == pytest.approx(0.698, abs=0.01), "I_1(2) / I_0(2)"
    points = torch.from_numpy(GaussianRing(modes=4, std=0.05, n=8000).read().numbers)
    modes = (torch.atan2(points[:, 1], points[:, 0]) / (torch.pi / 2)).round() % 4
    shares = torch.bincount(modes.long(), minlength=4) / 8000
    torch.testing.assert_close(shares, torch.full((4,), 0.25), atol=0.02, rtol=0)
    for toy, argument in (
        (Moons, {"std": 0}),
        (GaussianRing, {"modes": 0}),
        (VonMisesRing, {"kappa": -1}),
        (Moons, {"n": 1}),
    ):
        with pytest.raises(ValueError, match="needs"):
            toy(**argument)


def test_an_unlabelled_set_has_labels_of_no_columns() -> None:
    rows = TableSet("t", "train", torch.zeros(3, 2), Columns(("x", "y"), (0.0, 0.0), (1.0, 1.0), (0.0, 0.0)))
    assert rows.labels.shape == (3, 0) and len(rows) == 3
