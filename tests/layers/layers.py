"""Proves the rule of docs/architecture.md: a layer includes only what stands above it in the table there.

The table is the only place that names the layers and their order; this reads it.
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
ROW = re.compile(r"^\| `([\w/]+)` \|", re.MULTILINE)


def layers(root: pathlib.Path) -> list[str]:
    """Folders in the table's order, lowest first."""
    return ROW.findall((root / "docs/architecture.md").read_text())


def layer_of(path: str, order: list[str]) -> int | None:
    for rank, folder in enumerate(order):
        if path.startswith(folder + "/"):
            return rank
    return None


def violations(root: pathlib.Path, order: list[str]) -> list[str]:
    found = []
    for rank, folder in enumerate(order):
        for file in sorted((root / folder).rglob("*.[ch]pp")):
            name = file.relative_to(root).as_posix()
            for included in INCLUDE.findall(file.read_text()):
                target = layer_of(included, order)
                if target is None:
                    found.append(f'{name}: "{included}" is in no layer (paths start at the root of the repo)')
                elif target > rank:
                    found.append(f'{name}: includes "{included}" of the higher layer {order[target]}')
                elif not (root / included).is_file():
                    found.append(f'{name}: "{included}" does not exist')
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    order = layers(root)
    if len(order) < 5:
        print("docs/architecture.md: the table of layers was not found")
        return 1
    found = violations(root, order)
    print("\n".join(found) or f"{len(order)} layers, each includes only what is below it")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
