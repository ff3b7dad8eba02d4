"""`aria_ml.aria` in plain Python, for comparison."""

import numpy as np


class AriaError(Exception):
    pass


def fast_matrix_multiply(a, b):
    if a.shape[1] != b.shape[0]:
        raise AriaError(f"expected {a.shape[1]} rows but found {b.shape[0]}")
    result = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                result[i, j] += a[i, k] * b[k, j]
    return result


a = np.arange(6.0).reshape(2, 3)
product = fast_matrix_multiply(a, a.T)
print(product)
print("as NumPy has it:", np.array_equal(product, a @ a.T))
try:
    fast_matrix_multiply(a, b=a)
except AriaError as error:
    print("AriaError:", error)
