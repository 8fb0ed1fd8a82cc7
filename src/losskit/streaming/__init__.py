"""Losses of data that need not fit into memory: files read in pieces, added up as (sum, count)."""

from losskit.streaming.evaluate import Evaluation, evaluate
from losskit.streaming.sources import DataError, Source, open_source, whole

__all__ = ["DataError", "Evaluation", "Source", "evaluate", "open_source", "whole"]
