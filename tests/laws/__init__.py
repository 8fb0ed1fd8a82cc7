"""The laws every card obeys, as plain functions that raise AssertionError.

They take a card instance, registered or not, so that `test_planted.py` can show each of them to go
red on a card that is wrong. The face under test is NumPy's; every framework's face is compared with
the same truths and grids.
"""

from laws.calling import *  # noqa: F403
from laws.counting import *  # noqa: F403
from laws.holding import *  # noqa: F403
from laws.numbers import *  # noqa: F403

ALL = {name: law for name, law in list(globals().items()) if name.startswith("law_")}
"""Every law by name."""
