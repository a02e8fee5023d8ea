"""Modules joined into one script: what runs in a browser is tested with the offline edition."""

import pytest

from dlbook.site.bundle import bundle

MODULES = {
    "entry.js": 'import "./parts/sum.js";\n'
    'import {\n  two,\n  Three,\n} from "./numbers.js";\nrun(two);\n',
    "parts/sum.js": 'import { two } from "../numbers.js";\n\nexport async function sum() {}\n',
    "numbers.js": "export const two = 2;\nexport class Three {}\nconst here = import.meta.url;\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in MODULES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_a_module_stands_once_and_behind_what_it_imports(folder):
    script = bundle(folder / "entry.js", {})
    places = [script.index(f'modules["{name}"] = ') for name in ("numbers.js", "parts/sum.js")]
    assert [*places, script.index("run(two)")] == sorted([*places, script.index("run(two)")])
    assert script.count('modules["numbers.js"] = ') == 1
    assert "return { two, Three };" in script
    assert "return { sum };" in script
    assert 'const {\n  two,\n  Three,\n} = modules["numbers.js"];' in script


def test_nothing_is_left_that_only_a_module_may_say(folder):
    script = bundle(folder / "entry.js", {})
    assert "import" not in script
    assert "export" not in script
    assert str(folder) not in script


def test_data_come_along_under_the_names_of_the_widgets(folder):
    script = bundle(folder / "entry.js", {"assets/data/a.json": '{"loss": [1, 2]}\n'})
    assert script.startswith('globalThis.dlbookData = {\n"assets/data/a.json": {"loss": [1, 2]}\n}')


@pytest.mark.parametrize(
    "line",
    [
        'import everything from "./numbers.js";',
        'import { two as pair } from "./numbers.js";',
        "export default two;",
        'export { two } from "./numbers.js";',
    ],
)
def test_other_forms_are_refused(folder, line):
    (folder / "entry.js").write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"entry\.js has an import or export of another form"):
        bundle(folder / "entry.js", {})


def test_a_circle_is_refused(folder):
    (folder / "numbers.js").write_text('import "./entry.js";\n', encoding="utf-8")
    circle = r"Received: entry\.js -> parts/sum\.js -> numbers\.js -> entry\.js"
    with pytest.raises(ValueError, match=circle):
        bundle(folder / "entry.js", {})
