"""The table of docs/losses-and-metrics.md: which metric to read beside which loss, from the cards.

The rest of the page is written by hand.
"""

from __future__ import annotations

from pathlib import Path

from losskit.core.definition import cards

PAGE = Path(__file__).parents[1] / "docs" / "losses-and-metrics.md"
START = "<!-- from the cards, by scripts/write_docs.py: do not edit -->\n"
END = "<!-- end -->\n"
IN_KERAS = {
    "binary_accuracy": "`keras.metrics.BinaryAccuracy()`",
    "categorical_accuracy": '`"accuracy"`, `keras.metrics.TopKCategoricalAccuracy()`',
    "sparse_categorical_accuracy": '`"accuracy"`, `keras.metrics.SparseTopKCategoricalAccuracy()`',
    "mean_absolute_error": '`"mae"`',
    "coverage": "",
    "concordance": "",
    "label_error_rate": "",
    "triplet_accuracy": "",
    "cosine_accuracy": "",
    "nearest_accuracy": "",
    "retrieval_accuracy": "",
    "sign_accuracy": "`keras.metrics.BinaryAccuracy(threshold=0.0)` with targets 0 and 1",
    "distance_accuracy": "",
    "root_mean_squared_error": "`keras.metrics.RootMeanSquaredError()`",
    "mean_absolute_percentage_error": '`"mape"`',
    "cosine_similarity": "`keras.metrics.CosineSimilarity()`",
}
"""What Keras calls each metric; empty where it has none."""
ALSO = {
    "binary_accuracy": " (`threshold=0.0` for logits)",
    "categorical_accuracy": ", `top_k_categorical_accuracy`",
    "sparse_categorical_accuracy": ", `sparse_top_k_categorical_accuracy`",
}
"""What else there is to say of a metric."""


def table() -> str:
    """The losses of every metric, in the order of the reference."""
    losses: dict[str, list[str]] = {}
    for card in cards():
        link = f"[`{card.name}`](losses.md#{card.__name__.lower()})"
        losses.setdefault(card.metric, []).append(link)
    rows = (
        f"| {', '.join(losses[metric])} | `{metric}`{ALSO.get(metric, '')} | {IN_KERAS[metric]} |\n"
        for metric in losses
    )
    return "| loss | metric (`losskit.metrics`) | in Keras |\n|---|---|---|\n" + "".join(rows)


def page() -> str:
    """The whole page, its table made anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{table()}\n{END}{after}"
