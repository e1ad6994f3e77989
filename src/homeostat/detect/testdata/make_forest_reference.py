#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes forest_reference.json: a forest that scikit-learn grew, rows, and scikit-learn's scores of them.

Needs numpy and scikit-learn. Run once, when the format of the model changes:
    python3 make_forest_reference.py > forest_reference.json
"""
import json
import sys

import numpy as np
from sklearn.ensemble import IsolationForest

FEATURES, TREES, SAMPLE, ROWS = 8, 25, 256, 100


def export(forest):
    """The forest in the format of IsolationForest::save()."""
    trees = []
    for estimator in forest.estimators_:
        tree = estimator.tree_
        leaf = tree.children_left < 0
        trees.append({
            "feature": [-1 if is_leaf else int(f) for f, is_leaf in zip(tree.feature, leaf)],
            "threshold": [0.0 if is_leaf else float(t) for t, is_leaf in zip(tree.threshold, leaf)],
            "left": [max(0, int(child)) for child in tree.children_left],
            "right": [max(0, int(child)) for child in tree.children_right],
            "samples": [int(n) for n in tree.n_node_samples],
        })
    return {"format": "homeostat-isolation-forest-1", "features": FEATURES, "sample": SAMPLE, "trees": trees}


def main():
    rng = np.random.default_rng(7)
    forest = IsolationForest(n_estimators=TREES, max_samples=SAMPLE, random_state=7)
    forest.fit(rng.normal(size=(2048, FEATURES)).astype(np.float32))
    rows = (rng.normal(size=(ROWS, FEATURES)) * rng.uniform(0.5, 3, size=(ROWS, 1))).astype(np.float32)
    json.dump({"model": export(forest), "rows": [float(x) for x in rows.ravel()],
               "scores": [float(-s) for s in forest.score_samples(rows)]}, sys.stdout, separators=(",", ":"))


if __name__ == "__main__":
    main()
