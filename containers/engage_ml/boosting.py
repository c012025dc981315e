"""XGBoost, without what we do not use of it."""

from __future__ import annotations

import importlib
import sys
from typing import Any


def load_xgboost() -> Any:
    """The module `xgboost`, loaded without its scikit-learn wrappers.

    Where scikit-learn is installed (a laptop, the training image), XGBoost would load it for wrappers that
    nothing here uses, which takes a second: most of a short inference task. A name that maps to None in
    `sys.modules` is Python's documented way to say that a module cannot be imported.
    """
    if "xgboost" in sys.modules or "sklearn" in sys.modules:
        return importlib.import_module("xgboost")
    sys.modules["sklearn"] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("xgboost")
    finally:
        del sys.modules["sklearn"]
