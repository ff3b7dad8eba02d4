"""`optimise.aria` in plain Python, for comparison."""

import numpy as np
import scipy.optimize as opt


def optimise_model(data, method):
    def objective(params):
        return float(np.mean(np.square(params - data)))

    return opt.minimize(objective, np.zeros(len(data)), method=method).fun


data = np.array([3.0, 1.0, 4.0, 1.5])
good = optimise_model(data, "BFGS")
print("BFGS:", isinstance(good, float), bool(good < 1e-9))
try:
    optimise_model(data, "no such method")
except Exception as error:
    print("failed:", True, type(error).__name__, error)
