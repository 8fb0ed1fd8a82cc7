"""Keras's own tests of its losses, their import of the losses pointed at `losskit.keras`.

Every expected failure is listed in suite.py with its reason and must fail (strict): a difference
that goes away has to leave the list, and the table in docs/keras-differences.md with it.
"""

import pytest
from suite import DIFFERENCES


def pytest_collection_modifyitems(items):
    for item in items:
        key = "::".join(item.nodeid.split("::")[-2:])
        if key in DIFFERENCES:
            item.add_marker(pytest.mark.xfail(reason=DIFFERENCES[key], strict=True))
