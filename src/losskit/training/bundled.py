"""The data sets that need no file of yours."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from losskit.training.files import read_npz
from losskit.training.raw import Raw, Refused


def digits() -> Raw:
    """1797 real handwritten digits of 8 x 8 pixels (0 to 16), shipped with scikit-learn."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise Refused(
            "The digits come with scikit-learn, which is not installed: "
            'pip install "losskit[train]".'
        ) from None
    bunch = load_digits()
    return Raw("digits", bunch.images.astype("uint8"), bunch.target, target="digit")


def mnist(name: str, file: Path | None) -> Raw:
    """MNIST or Fashion-MNIST: 70 000 images of 28 x 28 pixels (0 to 255), 10 000 to validate.

    Args:
        name: "mnist" or "fashion_mnist".
        file: an npz file with x_train, y_train, x_test and y_test; else Keras's cache is used, and
            filled from the network.

    Raises:
        Refused: the download failed, or the file is none of that kind.
    """
    if file is not None:
        raw = read_npz(file, target=None)
        if raw.x_val is None:
            raise Refused(
                f"{file} has no x_train, y_train, x_test and y_test, as the {name} file has. "
                "For an npz file of another layout give its path in place of the data's name."
            )
        raw.name = name
        return raw
    import keras

    try:
        # Keras shows the download on stdout, which is for results.
        with contextlib.redirect_stdout(sys.stderr):
            (x, y), (x_val, y_val) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # a URL error, a broken cache, a wrong checksum: all mean "no data"
        raise Refused(
            f"{name} could not be downloaded, and Keras's cache does not hold it ({error}). "
            f"Where there is no network give a file: losskit train {name} --file PATH.npz, with "
            "the arrays x_train, y_train, x_test and y_test. The default data, digits, needs none."
        ) from None
    return Raw(name, x, y, x_val, y_val, target="label")
