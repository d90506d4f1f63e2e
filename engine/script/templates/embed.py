"""Makes templates.cpp of the .lua files: each as it is, its name from the file's."""

import pathlib
import sys

output, *files = sys.argv[1:]
parts = ['#include "engine/script/templates.hpp"', "", "namespace sluice::script {", "",
         "std::span<const Template> templates() {", "    static constexpr Template all[] = {"]
for file in sorted(files):
    name = pathlib.Path(file).stem.replace("_", "-")
    parts.append(f'        {{"{name}", R"lua({pathlib.Path(file).read_text()})lua"}},')
parts += ["    };", "    return all;", "}", "", "}  // namespace sluice::script", ""]
pathlib.Path(output).write_text("\n".join(parts))
