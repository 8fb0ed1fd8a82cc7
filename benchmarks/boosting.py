"""A round of boosting by `losskit.boosting`, beside the library's own loss in the same run.

    python -m benchmarks.boosting [--rows 400000] [--rounds 6] [--only xgboost]

Each training makes so many rounds, the two in turns; of each round the least time of all turns
counts. Threads that have nothing to do sleep, for both: on a busy machine those that spin make a
round of either take seconds.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from losskit import boosting

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before a library is loaded
LIBRARIES = ("xgboost", "lightgbm", "catboost")


def data(rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 10)).astype(np.float32)
    score = x[:, 0] - x[:, 1] * x[:, 2] + rng.normal(size=rows)
    y = np.digitize(score, [-1.0, 1.0]) if classes > 2 else score > 0
    return x, y.astype(np.float32)


Clock = list[float]
"""When each round of a training was over."""


def xgboost(x: Any, y: Any, classes: int, rounds: int) -> tuple[Callable[[Clock], Any], ...]:
    import xgboost as xgb

    class Watch(xgb.callback.TrainingCallback):  # type: ignore[misc]
        def __init__(self, clock: Clock) -> None:
            self.clock = clock

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            self.clock.append(time.perf_counter())
            return False

    train = xgb.QuantileDMatrix(x, y)
    ours = boosting.xgboost("bce" if classes == 2 else "scce", from_logits=True)
    ours.start(y)
    common: dict[str, Any] = {"max_depth": 6, "tree_method": "hist"}
    own: dict[str, Any] = {"objective": "binary:logistic"}
    if classes > 2:
        own = {"objective": "multi:softprob", "num_class": classes}
    of_ours = {**common, **ours.params()}
    return (
        lambda clock: xgb.train(of_ours, train, rounds, obj=ours, callbacks=[Watch(clock)]),
        lambda clock: xgb.train({**common, **own}, train, rounds, callbacks=[Watch(clock)]),
    )


def lightgbm(x: Any, y: Any, classes: int, rounds: int) -> tuple[Callable[[Clock], Any], ...]:
    import lightgbm as lgb

    def watch(clock: Clock) -> Any:
        return [lambda env: clock.append(time.perf_counter())]

    ours = boosting.lightgbm("bce" if classes == 2 else "scce", from_logits=True)
    ours.start(y)
    common = {"verbosity": -1, "num_leaves": 63}
    own: dict[str, Any] = {"objective": "binary"}
    if classes > 2:
        own = {"objective": "multiclass", "num_class": classes}
    started = lgb.Dataset(x, y, init_score=ours.init_score(len(y)), free_raw_data=False)
    plain = lgb.Dataset(x, y, free_raw_data=False)
    return (
        lambda clock: lgb.train(
            {**common, **ours.params()}, started, rounds, callbacks=watch(clock)
        ),
        lambda clock: lgb.train({**common, **own}, plain, rounds, callbacks=watch(clock)),
    )


def catboost(x: Any, y: Any, classes: int, rounds: int) -> tuple[Callable[[Clock], Any], ...]:
    import catboost as cat

    class Watch:
        def __init__(self, clock: Clock) -> None:
            self.clock = clock

        def after_iteration(self, info: Any) -> bool:
            self.clock.append(time.perf_counter())
            return True

    ours = boosting.catboost("bce", from_logits=True)
    ours.start(y)
    pool = cat.Pool(x, y, baseline=ours.baseline(len(y)))
    pool.quantize()
    common = {"depth": 6, "iterations": rounds, "verbose": 0, "allow_writing_files": False}
    common |= {"boosting_type": "Plain", "learning_rate": 0.1, "metric_period": 1000}
    given = ours.params()
    own = {**given, "loss_function": "Logloss", "eval_metric": "Logloss"}
    return (
        lambda clock: cat.CatBoost({**common, **given}).fit(pool, callbacks=[Watch(clock)]),
        lambda clock: cat.CatBoost({**common, **own}).fit(pool, callbacks=[Watch(clock)]),
    )


def compare(library: str, rows: int, classes: int, rounds: int, turns: int) -> tuple[float, float]:
    """Milliseconds of a round, the least of all turns for each: ours, and the library's own."""
    x, y = data(rows, classes)
    make = {"xgboost": xgboost, "lightgbm": lightgbm, "catboost": catboost}[library]
    both = make(x, y, classes, rounds)
    found = np.full((2, rounds - 1), np.inf)
    for _ in range(turns):
        for k, call in enumerate(both):
            clock: Clock = []
            call(clock)
            # The first round is left out: data are laid out in it.
            found[k] = np.minimum(found[k], np.diff(clock))
    ours, own = found.mean(1) * 1e3
    return float(ours), float(own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--only", choices=LIBRARIES)
    given = parser.parse_args()
    for library in LIBRARIES if given.only is None else (given.only,):
        for classes in (2,) if library == "catboost" else (2, 3):
            ours, own = compare(library, given.rows, classes, given.rounds, given.turns)
            print(
                f"{library:9} {classes} classes  {given.rows} rows: losskit {ours:7.2f} ms a "
                f"round, its own {own:7.2f} ms, ratio {ours / own:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
