"""A weighted sum of products B A of one module, kept and cut down as factors.

With weights w_k, the sum is P Q with P = [sqrt(w_1) B_1 ... sqrt(w_K) B_K] and
Q = [sqrt(w_1) A_1; ...; sqrt(w_K) A_K]. From P = U_P R_P and Q^T = U_Q R_Q (QR) follows
P Q = U_P (R_P R_Q^T) U_Q^T, so that the singular values of the sum are those of the small matrix in
the middle. The dense (out, in) product is never made of stacks that are narrower than it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi_common.errors import ReductionFailedError

Float64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Factors:
    """The best approximation of a sum by a product of its rank (Eckart and Young 1936).

    Shapes: b (out, rank), a (rank, in).

    Attributes:
        b: Left singular vectors times singular values.
        a: Right singular vectors, in each the coordinate of highest magnitude positive.
        kept_energy: Squared Frobenius norm of b a.
        discarded_energy: Squared Frobenius norm of what b a lacks of the sum.
    """

    b: Float64
    a: Float64
    kept_energy: float
    discarded_energy: float


class LowRankSum:
    """Takes products one after the other, in O((out + in) * min(sum of ranks, out, in)) numbers.

    When the stack is wider than the matrix has rows or columns, it is reduced without loss.

    Args:
        outputs: Rows of the products.
        inputs: Columns of the products.
    """

    def __init__(self, outputs: int, inputs: int) -> None:
        self._most = 2 * min(outputs, inputs)
        self._b: list[Float64] = [np.zeros((outputs, 0))]
        self._a: list[Float64] = [np.zeros((0, inputs))]
        self._width = 0

    @property
    def width(self) -> int:
        """Columns of the stack, P."""
        return self._width

    def add(self, b: Float64, a: Float64, weight: float) -> None:
        """Adds weight * b a.

        Shapes: b (out, rank), a (rank, in).
        """
        root = np.sqrt(weight)
        self._b.append(root * b)
        self._a.append(root * a)
        self._width += a.shape[0]
        if self._width > self._most:
            self._reduce()

    def cut(self, rank: int, idle_rows: Float64) -> Factors:
        """Gives the best product of a rank.

        Directions that the sum lacks have a column of zeros in b, and in a the row of `idle_rows`,
        so that the product is right and they can still be learnt.

        Shapes: idle_rows (rank, in).

        Raises:
            ReductionFailedError: the decomposition does not converge.
        """
        b, a = self._stacked()
        left, upper_left = np.linalg.qr(b)
        right, upper_right = np.linalg.qr(a.T)
        u, values, v = _decompose(upper_left @ upper_right.T)
        energies = values * values
        found = min(rank, _numerical_rank(values, max(b.shape[0], a.shape[1])))
        rows = v[:found] @ right.T
        signs = _signs(rows)
        result_b, result_a = np.zeros((b.shape[0], rank)), idle_rows.astype(np.float64)
        result_b[:, :found] = (left @ u[:, :found]) * (values[:found] * signs)
        result_a[:found] = rows * signs[:, None]
        kept = float(energies[:found].sum())
        return Factors(result_b, result_a, kept, float(energies[found:].sum()))

    def _reduce(self) -> None:
        """Makes the stack as narrow as the matrix, by one QR."""
        b, a = self._stacked()
        if b.shape[0] <= a.shape[1]:
            left, upper = np.linalg.qr(b)
            b, a = left, upper @ a
        else:
            right, upper = np.linalg.qr(a.T)
            b, a = b @ upper.T, right.T
        self._b, self._a, self._width = [b], [a], a.shape[0]

    def _stacked(self) -> tuple[Float64, Float64]:
        return np.concatenate(self._b, axis=1), np.concatenate(self._a, axis=0)


def _decompose(core: Float64) -> tuple[Float64, Float64, Float64]:
    try:
        u, values, v = np.linalg.svd(core, full_matrices=False)
    except np.linalg.LinAlgError as error:
        message = "The decomposition of a module's merged product does not converge."
        raise ReductionFailedError(message) from error
    return u, values, v


def _numerical_rank(values: Float64, size: int) -> int:
    """Counts the singular values that are not rounding noise, as `numpy.linalg.matrix_rank`."""
    if values.size == 0:
        return 0
    noise = values[0] * size * np.finfo(np.float64).eps
    return int(np.count_nonzero(values > noise))


def _signs(rows: Float64) -> Float64:
    """Gives for each row the sign of its coordinate of highest magnitude; of equal ones the first.

    Shapes: rows (n, in), result (n,).
    """
    highest = np.abs(rows).argmax(axis=1)
    return np.where(np.take_along_axis(rows, highest[:, None], axis=1)[:, 0] < 0, -1.0, 1.0)
