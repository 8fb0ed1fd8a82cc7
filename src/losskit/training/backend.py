"""Which framework Keras runs on: settled before Keras is imported, for then it is too late."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys

from losskit.training.raw import Refused

BACKENDS = {
    "tensorflow": 'pip install "losskit[train]"',
    "jax": 'pip install "losskit[train,jax]"',
    "torch": 'pip install "losskit[train,torch]"',
}


def choose(wish: str | None) -> str:
    """Set Keras's backend: the wish, else KERAS_BACKEND, else TensorFlow.

    Raises:
        Refused: it is unknown or not installed, or Keras already runs on another one.
    """
    name = wish or os.environ.get("KERAS_BACKEND") or "tensorflow"
    if name not in BACKENDS:
        where = "--backend" if wish else "the environment variable KERAS_BACKEND"
        raise Refused(f"{where} is {name!r}, expected one of {', '.join(BACKENDS)}.")
    for package in (name, "keras"):
        if importlib.util.find_spec(package) is None:
            others = [b for b in BACKENDS if importlib.util.find_spec(b) is not None]
            hint = f" Installed here: --backend {others[0]}." if others and package == name else ""
            raise Refused(f"{package} is not installed: {BACKENDS[name]}.{hint}")
    if "keras" in sys.modules:
        import keras

        if keras.backend.backend() != name:
            raise Refused(
                f"Keras already runs on {keras.backend.backend()} in this process, and cannot "
                f"change to {name}. Start anew, with KERAS_BACKEND={name}."
            )
    os.environ["KERAS_BACKEND"] = name
    # TensorFlow's C++ side writes pages about the machine; only what it calls fatal is of use here.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Its Python side warns that several models were traced, as a comparison does by intention.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return name
