"""Keras's own test classes, of the losses that are built here."""

from suite import NOT_BUILT_YET, load_keras_tests, subject

import losskit.keras

_tests = load_keras_tests()
_classes = {n: c for n, c in vars(_tests).items() if n.endswith("Test")}
globals().update({n: c for n, c in _classes.items() if subject(n) not in NOT_BUILT_YET})


def test_every_built_loss_is_tested():
    built = {subject(n) for n in _classes} - NOT_BUILT_YET
    assert built <= set(dir(losskit.keras))
    assert not NOT_BUILT_YET & set(dir(losskit.keras)), "a loss was built: take it off the list"
    assert len(built) >= 15
