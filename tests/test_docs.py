"""The code on the pages of docs/ runs as it stands, the blocks of a page one after the other."""

import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[1] / "docs").glob("*.md"))


@pytest.mark.filterwarnings("ignore")  # of the other libraries
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = page.read_text()
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```$", text)
    assert blocks
    code = compile("\n".join(blocks), str(page), "exec")
    monkeypatch.chdir(tmp_path)
    exec(code, {"__name__": "page"})
