"""Trains the LSTM that ``<dlbook-gates>`` shows, and writes it with what it is worth.

    .venv/bin/python -m tools.adding_lstm

It is the network of the chapter's section "Look inside": the same experiment, seed and memory unit.
"""

import json

import numpy as np

from dlbook.architectures.lstm_gru import (
    ALWAYS_ONE,
    GATES_OF_ONE,
    adding_network,
    memory_unit,
    weights_of,
)
from dlbook.lab import datasets
from tools.export_model import FOLDER, export_model

NAME = "adding_lstm.json"


def main() -> None:
    """Train, measure and write."""
    results = GATES_OF_ONE.run(progress=False)
    fresh = datasets.adding_problem(0)
    model = adding_network("LSTM")
    model.build((None, *fresh.x_test.shape[1:]))
    model.set_weights(weights_of(results))
    answers = model.predict(fresh.x_test, verbose=0)  # pyright: ignore[reportArgumentType]
    numbers, bell = fresh.x_test[0].T
    content = {
        "model": export_model(model),
        "unit": memory_unit(results) + 1,
        "list": {
            "numbers": [round(float(one), 2) for one in numbers],
            "marks": [int(at) + 1 for at in np.flatnonzero(bell)],
        },
        "tested": {
            "count": len(answers),
            "error": round(float(np.mean((answers - fresh.y_test) ** 2)), 6),
            "always": round(ALWAYS_ONE, 6),
        },
    }
    text = json.dumps(content, separators=(",", ":")) + "\n"
    (FOLDER / NAME).write_text(text, encoding="utf-8")
    print(f"{len(text):,} bytes, error {content['tested']['error']} -> {FOLDER / NAME}")


if __name__ == "__main__":
    main()
