"""What the models know of a house; a change here is a change of every stage that imports it."""

from __future__ import annotations

from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["beds", "baths", "sqft", "latitude", "longitude"]
WORDS = ["city", "type"]


def columns() -> ColumnTransformer:
    """Numbers scaled, words as columns of their own."""
    return ColumnTransformer([("numbers", StandardScaler(), NUMBERS), ("words", OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5), WORDS)])
