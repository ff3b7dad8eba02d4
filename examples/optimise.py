"""`optimise.aria` in plain Python, for comparison."""

import numpy as np
import scipy.optimize as opt


def optimise_model(data, method):
    def objective(params):
        return float(np.mean(np.square(params - data)))

    return float(opt.minimize(objective, np.zeros(len(data)), method=method).fun)


if __name__ == "__main__":
    data = np.array([3.0, 1.0, 4.0, 1.5])
    print("BFGS:", "true", str(optimise_model(data, "BFGS") < 1e-9).lower())
    try:
        optimise_model(data, "no such method")
    except ValueError as error:
        print("failed:", "true", type(error).__name__, error)
