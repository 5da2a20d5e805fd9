"""The report stands alone, says what the summary says, and shows text as text."""

import base64
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from robustmoll.evaluate.classifiers.plots import bench_pictures, training_curves
from robustmoll.evaluate.classifiers.report import CAPTIONS, write_report
from robustmoll.evaluate.classifiers.summary import write_summary
from robustmoll.evaluate.classifiers.tables import headline
from tests.evaluate.tiny_bench import write_bench

KNOWN = ("heat-map", "severity-curves", "baseline", "reliability", "reliability-scaled", "training")
VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """What a reader of the page gets."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []  # tag, attribute, value
        self.texts: dict[str, list[str]] = {}  # by innermost tag
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag  # properly nested

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open:
            self.texts.setdefault(self.open[-1], []).append(data.strip())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose names and config look like HTML."""
    folder = tmp_path_factory.mktemp("runs") / "a <b>bold & brave</b> run".replace("/", "")
    cells = [("clean", 0), ("fog", 1), ("fog", 5), ("frost (procedural)", 1), ("frost (procedural)", 5)]
    write_bench(folder / "bench" / "cifar", 1.0, cells=cells)
    write_summary(folder / "bench" / "cifar", trained_on=["noise"], baseline=folder)
    (folder / "config.yaml").write_text("model:\n  name: <script>alert('no')</script>\n")
    (folder / "env.json").write_text('{"torch": "2.14"}\n')
    rows = [{"epoch": "1", "loss": "2", "test_nll": "1", "test_error": "0.5", "lr": "0.1"}]
    write_report(
        folder,
        {**bench_pictures(folder), "training": training_curves(rows), "my own <i>": training_curves(rows)},
    )
    return folder


@pytest.fixture
def page(run: Path) -> Page:
    return Page((run / "report.html").read_text(encoding="utf-8"))


def test_page_loads_nothing(run: Path, page: Page) -> None:
    for tag, name, value in page.attributes:
        if name in ("src", "href", "srcset", "action", "data", "poster"):
            assert (tag, name) == ("img", "src") and value.startswith("data:image/svg+xml;base64,")
    assert "script" not in page.texts and page.open == []
    styles = " ".join(page.texts["style"])
    assert "url(" not in styles and "@import" not in styles


def test_pictures_are_whole_and_load_nothing_either(page: Page) -> None:
    sources = [value for _, name, value in page.attributes if name == "src"]
    assert len(sources) == 7
    for source in sources:
        root = ElementTree.fromstring(base64.b64decode(source.partition(",")[2]))
        assert root.tag.endswith("svg")
        links = [v for element in root.iter() for k, v in element.attrib.items() if k.endswith("href")]
        assert all(link.startswith(("#", "data:")) for link in links)


def test_table_is_that_of_the_summary(run: Path, page: Page) -> None:
    header, rows = headline(write_summary(run / "bench" / "cifar", trained_on=["noise"]))
    assert page.texts["th"] == [name for name in header if name]
    assert page.texts["td"] == [value for row in rows for value in row]
    assert len(rows) == 3


def test_names_and_files_are_shown_as_they_are(run: Path, page: Page) -> None:
    assert page.texts["title"] == page.texts["h1"] == [run.name]
    config, environment = page.texts["pre"]
    assert config == (run / "config.yaml").read_text().rstrip()
    assert environment == '{"torch": "2.14"}'
    assert "my own <i>" in page.texts["h2"]


def test_each_known_picture_says_what_to_look_for(page: Page) -> None:
    for name in KNOWN:
        heading, caption = CAPTIONS[name]
        assert heading in page.texts["h2"] and caption in page.texts["p"]
    assert all("\n" not in caption and caption.endswith(".") for _, caption in CAPTIONS.values())
    alternatives = [value for _, name, value in page.attributes if name == "alt"]
    assert len(alternatives) == 7 and all(alternatives)


def test_pictures_are_saved_too(run: Path) -> None:
    names = {path.name for path in (run / "plots").iterdir()}
    assert names == {f"{n}.png" for n in (*KNOWN, "my own <i>")}


def test_run_without_a_benchmark_gets_its_page(tmp_path: Path) -> None:
    path = write_report(tmp_path / "run", {})
    page = Page(path.read_text(encoding="utf-8"))
    assert page.texts["h1"] == ["run"] and "table" not in page.texts
