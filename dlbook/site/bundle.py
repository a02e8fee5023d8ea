"""Join JavaScript modules into one classic script, as pages on a disk may not load modules.

The modules are ours and keep to few forms: imports of names (``import { a, b } from "./c.js";``)
or of a whole module for what it does, and exports in front of a function, constant or class.
Anything else is refused.
"""

import json
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

_IMPORT = re.compile(r'^import\s+(?:\{([^{}]*)\}\s+from\s+)?"([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.MULTILINE)
_RENAMED = re.compile(r"^const \{[^}]* as [^}]*\} = modules.*", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def bundle(entry: Path, data: Mapping[str, str]) -> str:
    """Write one script that does what a module and all its imports do.

    Args:
        entry: the module that a page would load; what it imports lies beside or below it.
        data: address, as a widget names it -> JSON text that the script brings along.

    Returns:
        The script. What data it brings lies in ``globalThis.dlbookData``.

    Raises:
        ValueError: if a module has an import or export of another form, or imports itself.
    """
    found = _Modules(entry.parent)
    found.collect(entry.name, ())
    brought = ",\n".join(f"{json.dumps(name)}: {text.strip()}" for name, text in data.items())
    return "\n".join(
        (
            f"globalThis.dlbookData = {{\n{brought}\n}};",
            "(() => {\nconst modules = {};",
            *found.scripts.values(),
            "})();\n",
        )
    )


class _Modules:
    """The modules that have been met, each as a function, behind those that it imports."""

    def __init__(self, folder: Path) -> None:
        self.scripts: dict[str, str] = {}
        self._folder = folder

    def collect(self, name: str, above: tuple[str, ...]) -> None:
        """Add a module, named by its path in the folder, and all that it imports."""
        if name in above:
            circle = " -> ".join((*above, name))
            raise ValueError(f"a module must not import itself. Received: {circle}")
        if name in self.scripts:
            return
        text = (self._folder / name).read_text(encoding="utf-8")
        for _, address in _IMPORT.findall(text):
            self.collect(_beside(name, address), (*above, name))
        self.scripts[name] = _as_function(name, text)


def _as_function(name: str, text: str) -> str:
    """One module as a function that returns its exports."""

    def names_of(found: re.Match[str]) -> str:
        names, address = found.groups()
        return f"const {{{names}}} = {_key(_beside(name, address))};\n" if names else ""

    exports = ", ".join(_EXPORT.findall(text))
    body = _EXPORT.sub("", _IMPORT.sub(names_of, text))
    body = body.replace("import.meta.url", "document.baseURI")
    if left := _LEFT.search(body) or _RENAMED.search(body):
        raise ValueError(f"{name} has an import or export of another form. Received: {left[0]}")
    return f"{_key(name)} = (() => {{\n{body}return {{ {exports} }};\n}})();"


def _beside(name: str, address: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), address))


def _key(name: str) -> str:
    return f"modules[{json.dumps(name)}]"
