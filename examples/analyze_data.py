"""The milestone program in plain Python, for comparison: the same calls in the same memory order."""

import numpy as np
import pandas as pd
import sklearn.linear_model as lm
import sklearn.metrics as metrics


def load(patients_csv, progress_csv):
    patients = pd.read_csv(patients_csv, sep=" ", header=None)
    progress = pd.read_csv(progress_csv, header=None)
    return np.asarray(patients[2]), np.asarray(progress[0])


def fit(data, targets):
    arr = np.asarray(data)
    model = lm.LinearRegression()
    model.fit(arr.reshape(-1, 1), targets)
    return model, np.asarray(model.predict(arr.reshape(-1, 1)))


def analyze_data(data, targets):
    return fit(data, targets)[1]


def run(patients_csv, progress_csv):
    data, targets = load(patients_csv, progress_csv)
    model, predictions = fit(data, targets)
    return model.coef_, model.intercept_, metrics.r2_score(targets, predictions), predictions


if __name__ == "__main__":
    from sklearn.datasets import data

    (folder,) = data.__path__
    print(run(f"{folder}/diabetes_data_raw.csv.gz", f"{folder}/diabetes_target.csv.gz")[2])
