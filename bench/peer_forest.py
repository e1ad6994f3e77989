# SPDX-License-Identifier: Apache-2.0
"""The peer of verdict_bench: a service as one writes it in Python, with scikit-learn's Isolation Forest.

Prints `NAME VALUE UNIT`: events judged one at a time as they come (json.loads, then predict), and rows scored in
one batch. One thread.
"""
import json
import time

import numpy as np
from sklearn.ensemble import IsolationForest

FEATURES, EVENTS, ROWS = 8, 500, 16_384


def event_text(number):
    return json.dumps({
        "service": f"payment-{number % 50}", "timestamp": 1_700_000_000 + number / 1000,
        "latencies_ms": [10 + i + number % 1000 / 1000 for i in range(20)], "responses": [{"status": 200}] * 20,
        "cpu_percent": 30 + number % 7, "memory_mb": 500 + number % 11, "deployment_version": "1.4.2"})


def features_of(text):
    event = json.loads(text)
    latencies = sorted(event["latencies_ms"])
    statuses = [response["status"] for response in event["responses"]]
    return [len(statuses), sum(status >= 500 for status in statuses) / len(statuses),
            sum(latencies) / len(latencies), latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.95)],
            latencies[-1], event["cpu_percent"], event["memory_mb"]]


def main():
    random = np.random.default_rng(7)
    forest = IsolationForest(n_estimators=100, max_samples=256, random_state=7, n_jobs=1)
    forest.fit(random.normal(size=(4096, FEATURES)).astype(np.float32))

    texts = [event_text(number) for number in range(EVENTS)]
    started = time.process_time()
    for text in texts:
        forest.predict(np.array([features_of(text)], dtype=np.float32))
    print(f"events_per_second {EVENTS / (time.process_time() - started):.0f} events/s")

    rows = random.normal(size=(ROWS, FEATURES)).astype(np.float32)
    started = time.process_time()
    forest.score_samples(rows)
    print(f"forest_batch {(time.process_time() - started) / ROWS * 1e6:.2f} us")


if __name__ == "__main__":
    main()
