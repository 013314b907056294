#!/usr/bin/env bash
# unit_without_torch.sh NAME PYTHON: installs one distribution (not editable, so that its package data is tested too)
# into an environment of its own, asserts that torch is not there, and runs its unit tests and those of pfi_common.
set -eu
name=$1
python=$2
folder=.venv-notorch-$name
case $name in
    cli) project=cli ;;
    *) project=services/$name ;;
esac

pip() { "$folder/bin/python" -m pip install --no-input --quiet --constraint requirements/constraints.txt "$@"; }

newest() { [ -e "$folder/.installed" ] && [ -z "$(find "$@" -newer "$folder/.installed")" ]; }

if ! newest "$project/pyproject.toml" libs/common/pyproject.toml requirements/constraints.txt requirements/test.txt; then
    echo "Installing pfi-$name into $folder"
    tools/create_environment.sh "$python" "$folder"
    pip setuptools --requirement requirements/test.txt
    pip --no-build-isolation ./libs/common "./$project"
    touch "$folder/.installed"
fi
rm -rf libs/common/build "$project/build" # setuptools would ship files that are deleted by now
pip --no-build-isolation --no-deps --force-reinstall ./libs/common "./$project"
"$folder/bin/python" - <<'PYTHON'
import importlib.util

for name in ("torch", "transformers", "peft"):
    if importlib.util.find_spec(name) is not None:
        raise SystemExit(f"{name} is in the torch-free environment")
PYTHON
suites=()
for suite in tests/unit/common "tests/unit/$name"; do
    if [ -d "$suite" ]; then suites+=("$suite"); fi
done
echo "Unit tests of pfi-common and pfi-$name without torch"
"$folder/bin/python" -m pytest --quiet -p no:cacheprovider "${suites[@]}"
