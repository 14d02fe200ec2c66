"""Trains the dynamic-pricing model on generated data and writes its artifact: `python -m demo.train_pricing_model <directory>`.

The data is made up; the model is a real scikit-learn gradient boosting regressor. The artifact is a directory, as the portfolio's projects save it:
the model, the scaler beside it, and a card that says how good it is.
"""

import json
import sys
from pathlib import Path
from typing import Any, cast

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

FEATURES = ("demand", "inventory", "competitor_price", "day_of_week", "month", "is_weekend", "is_promotion")
SAMPLES = 4000
SEED = 20261101

Matrix = NDArray[np.float64]


def generate(samples: int = SAMPLES, seed: int = SEED) -> tuple[Matrix, Matrix]:
    """Rows of FEATURES, and the price of each: near the competitor's, up with demand, down with stock, lower in a promotion."""
    random = np.random.default_rng(seed)
    day = random.integers(0, 7, samples)
    month = random.integers(1, 13, samples)
    weekend = (day >= 5).astype(float)
    promotion = (random.random(samples) < 0.15).astype(float)
    demand = random.gamma(4.0, 25.0, samples) * (1 + 0.2 * weekend + 0.3 * (month >= 11))
    inventory = random.gamma(3.0, 60.0, samples)
    competitor = random.normal(50.0, 8.0, samples).clip(20)
    season = 2.0 * np.sin(2 * np.pi * month / 12)
    noise = random.normal(0.0, 1.0, samples)
    price = 0.8 * competitor + 0.06 * demand - 0.02 * inventory + 1.5 * weekend - 5.0 * promotion + season + 8.0 + noise
    return np.column_stack([demand, inventory, competitor, day, month, weekend, promotion]), price


def train(directory: Path) -> float:
    """Trains the model, writes `model.pkl`, `scaler.pkl` and `model-card.json` to `directory`, and returns the R² on data it has not seen."""
    features, price = generate()
    split = cast(list[Any], train_test_split(features, price, test_size=0.25, random_state=SEED))
    train_features, test_features, train_price, test_price = split
    scaler = StandardScaler().fit(train_features)
    model = GradientBoostingRegressor(n_estimators=150, max_depth=3, random_state=SEED)
    model.fit(scaler.transform(train_features), train_price)
    score = float(r2_score(test_price, model.predict(scaler.transform(test_features))))
    directory.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, directory / "model.pkl")
    joblib.dump(scaler, directory / "scaler.pkl")
    card = {
        "name": "dynamic-pricing",
        "features": FEATURES,
        "target": "price",
        "r2_on_held_out_data": round(score, 4),
        "training_rows": len(train_price),
    }
    (directory / "model-card.json").write_text(json.dumps(card, indent=2) + "\n")
    return score


if __name__ == "__main__":
    print(f"R² on held-out data: {train(Path(sys.argv[1])):.3f}")
