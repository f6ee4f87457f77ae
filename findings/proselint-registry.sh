#!/usr/bin/env bash
# proselint as a library: a fresh process finds nothing in any text, and one that is made ready twice finds all twice.
#
# Versions: proselint 0.16.0
# Guess: `LintFile(name, text).lint()`, the one public way to look at a text, uses the checks of its own default
#   configuration, as the command does; making it ready again changes nothing.
# Seen: it answers an empty list until somebody fills the registry, which only the command does; filled twice, each finding
#   comes twice, and takes twice the time. No error, no warning: a linter that says that all is well.
# For the archive: docs/prose.py fills the registry once, and its test has a text in which something must be found.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check proselint==0.16.0 2>pip || { cat pip; exit 1; }
cat >look.py <<'END'
from importlib.metadata import version

from proselint.checks import __register__
from proselint.registry import CheckRegistry
from proselint.tools import LintFile


def found():
    return [result.check_result.check_path for result in LintFile("page", "It is kept for ever.").lint()]


print("proselint", version("proselint"))
print("fresh:", found())
CheckRegistry().register_many(__register__)
print("filled:", found())
CheckRegistry().register_many(__register__)
print("filled again:", found())
END
venv/bin/python look.py | tee seen
venv/bin/proselint check <<<'It is kept for ever.' >command 2>&1 || true
grep -c archaism command | sed 's/^/the command: /' | tee -a seen
cat >expected <<'END'
proselint 0.16.0
fresh: []
filled: ['archaism']
filled again: ['archaism', 'archaism']
the command: 1
END
diff expected seen
echo 'As it was written down.'
