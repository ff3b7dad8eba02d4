"""`aria_ml.aria` in plain Python, for comparison."""

import numpy as np


class AriaError(Exception):
    pass


def fast_matrix_multiply(a, b):
    (n, k), (rows, m) = a.shape, b.shape
    if k != rows:
        raise AriaError(f"expected {k} rows but found {rows}")
    result = np.zeros(n * m)
    for i in range(n):
        for j in range(m):
            for p in range(k):
                result[i * m + j] += a[i, p] * b[p, j]
    return result.reshape(n, m)


if __name__ == "__main__":
    a = np.arange(6.0).reshape(2, 3)
    product = fast_matrix_multiply(a, a.T)
    print(product)
    print("as NumPy has it:", str(np.array_equal(product, a @ a.T)).lower())
    try:
        fast_matrix_multiply(a, b=a)
    except AriaError as error:
        print("AriaError:", error)
