"""A small book with two chapters, executed once: what breaks it is tried on copies."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dlbook.site import build, execute

MODULE = '''"""Doubling."""

from dlbook.maths.factor import FACTOR


def double(number: float) -> float:
    """Double a number.

    Args:
        number: what to double.
    """
    return FACTOR * number
'''

PAGE = """---
title: Doubling
description: Twice is $x + x$, and *nothing* else.
depends:
  - maths/halving
  - maths/thirding
learn:
  - say what `double` does
---

# Doubling

## The idea

Twice a number is $2x$ with a seed.
Another seed, and [halving](halving.md) undoes it:

$$
x = \\frac{2x}{2}
$$

```python
import sys

from dlbook.maths.doubling import double

print("to stderr", file=sys.stderr)
print("twice three is", double(3))
```

```source
dlbook.maths.doubling.double
```

| number | twice |
|---|---|
| 1 | 2 |

## The figure

```python tags=["hide-input"]
class Figure:
    def _repr_svg_(self):
        return (
            '<?xml version="1.0"?><!-- made today --><svg xmlns="http://www.w3.org/2000/svg" '
            'viewBox="0 0 4 4" role="img" aria-label="A blue line that rises to the right.">'
            '<defs><path id="line" d="M 0.123456 0 L 1 1"/></defs>'
            '<use href="#line" style="stroke: #27478f"/></svg>'
        )


Figure()
```

It rises.
{ .caption }

```python
class Table:
    def _repr_mimebundle_(self, include=None, exclude=None):
        table = '<table class="dlbook-table"><tr><th>noisycolumn</th></tr></table>'
        claims = [{"id": "C-doubling-1", "verdict": "holds"}]
        return {"text/html": table, "application/vnd.dlbook.claims+json": claims}


Table()
```

/// details | Solution
    type: success

Fold it.

```python
assert double(2) == 4
object()
```
///

```python tags=["raises-exception"]
double(None)
```

![A hand-drawn two](two.svg)
"""

OTHER_PAGE = """---
title: Halving
description: Half.
---

Half of it, without a heading of its own.

```py
shown, not run
```
"""

NOTES = """
headings:
  - {level: 1, heading: Twice & half, chapters: [maths/doubling, maths/thirding]}
planned:
  maths:
    doubling: Doubling
    thirding: Thirding
    halving: Halving
"""

GLOSSARY = "*[seed]: The number that starts a random generator.\n"

NAV = """nav:
  - Home: index.md
  - The mathematics of twice:
      - maths/index.md
      - Doubling: maths/doubling.md
      - Halving: maths/halving.md
"""


@dataclass(frozen=True)
class SmallBook:
    """A book in a temporary folder."""

    root: Path

    def replace(self, path: str, old: str, new: str) -> None:
        """Change a piece of a file, which must be there."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text
        (self.root / path).write_text(text.replace(old, new), encoding="utf-8")

    def build(self) -> Path:
        """Build the site strictly."""
        return build.build_site(self.root, site_dir=self.root / "site")

    def problems(self) -> list[str]:
        """The lines with which the strict build fails."""
        with pytest.raises(build.SiteError) as caught:
            self.build()
        assert str(caught.value).splitlines() == list(caught.value.problems)
        return list(caught.value.problems)


@pytest.fixture(scope="session")
def executed_book(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """The small book, executed, with what a build keeps for the next one."""
    folder = tmp_path_factory.mktemp("small") / "book"
    write_book(folder, (root / "mkdocs.yml").read_text(encoding="utf-8"), root)
    execute.execute_chapters(folder)
    shutil.rmtree(build.build_site(folder))
    return folder


@pytest.fixture
def book(executed_book: Path, tmp_path: Path) -> SmallBook:
    """A copy of the small book, to be changed at will."""
    return SmallBook(Path(shutil.copytree(executed_book, tmp_path / "book")))


@pytest.fixture(scope="session")
def site(executed_book: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site of the small book."""
    return build.build_site(executed_book, site_dir=tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def page(site: Path) -> Callable[[str], str]:
    """Reads the HTML of a page."""
    return lambda address: (site / address / "index.html").read_text(encoding="utf-8")


def write_book(folder: Path, configuration: str, root: Path) -> None:
    """Write the files of the small book, with the configuration of the real one."""
    files = {
        "mkdocs.yml": small_configuration(configuration, root),
        "docs/index.md": "# Home\n\n<!-- notes-map -->\n",
        "docs/notes.yml": NOTES,
        "docs/includes/glossary.md": GLOSSARY,
        "docs/maths/index.md": "# Maths\n\n<!-- chapters -->\n",
        "docs/maths/doubling.md": PAGE,
        "docs/maths/halving.md": OTHER_PAGE,
        "docs/maths/two.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
        "dlbook/__init__.py": "",
        "dlbook/maths/__init__.py": "",
        "dlbook/maths/factor.py": "FACTOR = 2  # twice\n",
        "dlbook/maths/doubling.py": MODULE,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def small_configuration(configuration: str, root: Path) -> str:
    """The configuration of the real book, with the pages of the small one."""
    block = r"^{}:\n(?:[ ].*\n|\n(?=[ ]))*"
    changed = re.sub(block.format("nav"), NAV, configuration, flags=re.M)
    for name in ("extra_css", "extra_javascript", "watch"):
        changed = re.sub(block.format(name), "", changed, flags=re.M)
    changed = re.sub(r"^  - mkdocstrings:\n(?:    .*\n)*", "", changed, flags=re.M)
    changed = re.sub(r"^  favicon: .*\n", "", changed, flags=re.M)
    changed = changed.replace("- dlbook/site/", f"- {root}/dlbook/site/")
    return changed.replace("custom_dir: docs", f"custom_dir: {root}/docs")
