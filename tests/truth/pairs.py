"""The truth of losses of all pairs of a set: by the gradient and the Hessian of each row."""

from __future__ import annotations

import math

import mpmath
from mpmath import mpf

from truth.definition import ONE, ZERO, sigmoid, softplus
from truth.rowwise import RowDefinition


class OfPairs(RowDefinition):
    """y and p are whole sets; vectors have as many entries as there are of them, without labels."""

    has_optimum = False
    normalize = True

    def vectors(self, y, p):
        """The sets that are compared, each a list of vectors; of one set twice the same."""
        n = len(y)
        own = [p[i * len(p) // n : (i + 1) * len(p) // n] for i in range(n)]
        return [own, own]

    def ways(self, y, p):
        """(weight, rows, columns): which set is that of the rows."""
        return [(ONE, 0, 1)]

    def kinds(self, y, n):
        """1 where two are alike, -1 where not, 0 for no pair."""
        return [[0 if i == j else 1 if y[i] == y[j] else -1 for j in range(n)] for i in range(n)]

    def scaled(self, x):
        """A vector as it is compared, and its length."""
        length = mpmath.sqrt(sum(e * e for e in x))
        if not self.normalize or not length:
            return x, ONE
        return [e / length for e in x], length

    def each_row(self, y, p):
        """Of each row that counts: its weight, and what it is made of."""
        sets = [[self.scaled(x) for x in vectors] for vectors in self.vectors(y, p)]
        found, kinds = [], None
        for weight, of_rows, of_columns in self.ways(y, p):
            kinds = kinds or self.kinds(y, len(sets[0]))
            counts = [self.count(kind) for kind in kinds]
            for i, (u, _) in enumerate(sets[of_rows]):
                parts = [[a * b for a, b in zip(u, v, strict=True)] for v, _ in sets[of_columns]]
                s = [sum(terms) for terms in parts]
                sizes = [sum(map(abs, terms)) for terms in parts]
                if counts[i]:
                    row = self.row(kinds[i], s, sizes)
                    found.append((weight / sum(counts), of_rows, of_columns, i, *row))
        return sets, found

    def value(self, y, p):
        return [ZERO, *(weight * value for weight, _, _, _, value, *_ in self.each_row(y, p)[1])]

    def _moves(self, sets, of_rows, of_columns, i, j, entry):
        """The derivatives of similarity (i, j) by an entry of a set: (first, second), and sizes.

        A size is that of the terms, a sum of products counted by its own.
        """
        which, a, k = entry
        first = second = first_size = second_size = ZERO
        for own, other, x, v in ((of_rows, of_columns, i, j), (of_columns, of_rows, j, i)):
            if x != a or not (self.vectors_are_one or own == which):
                continue
            (u, length), (w, _) = sets[own][x], sets[other][v]
            if not self.normalize:
                first += w[k]
                first_size += abs(w[k])
            elif any(u):
                products = [e * f for e, f in zip(u, w, strict=True)]
                s, size = sum(products), sum(map(abs, products))
                first += (w[k] - s * u[k]) / length
                first_size += (abs(w[k]) + size * abs(u[k])) / length
                second += ((3 * u[k] ** 2 - 1) * s - 2 * u[k] * w[k]) / length**2
                bend = 2 * abs(u[k] * w[k]) + (3 * u[k] ** 2 + 1) * size
                second_size += bend / length**2
        if self.vectors_are_one and i == j == a:
            # With itself: the square of its length, which is 1 where it is made so.
            first, second = (ZERO, ZERO) if self.normalize else (first, 2 * ONE)
            second_size += second
        return (first, second), (first_size, second_size)

    vectors_are_one = True

    def _entries(self, sets):
        which = [0] if self.vectors_are_one else [0, 1]
        return [(w, a, k) for w in which for a, (u, _) in enumerate(sets[w]) for k in range(len(u))]

    def _by_entry(self, y, p, order):
        sets, rows = self.each_row(y, p)
        found = []
        for entry in self._entries(sets):
            terms = [ZERO]
            for weight, of_rows, of_columns, i, _, gradient, hessian, slack, bends in rows:
                n = len(gradient)
                moves, sizes = zip(
                    *[self._moves(sets, of_rows, of_columns, i, j, entry) for j in range(n)],
                    strict=True,
                )
                own = [
                    (gradient[j] * moves[j][order - 1], slack[j] * sizes[j][order - 1])
                    for j in range(n)
                ]
                if order == 2:
                    moving = [j for j in range(n) if sizes[j][0]]
                    own += [
                        (
                            hessian[j][k] * moves[j][0] * moves[k][0],
                            bends[j][k] * sizes[j][0] * sizes[k][0],
                        )
                        for j in moving
                        for k in moving
                    ]
                terms += [weight * t for t, _ in own]
                unsure = weight * sum(size for _, size in own)
                terms += [unsure, -unsure]
            found.append(terms)
        return found

    def slope(self, y, p):
        return self._by_entry(y, p, 1)

    def curve(self, y, p):
        return self._by_entry(y, p, 2)


class NTXent(OfPairs):
    def count(self, kind):
        return sum(k > 0 for k in kind)

    def row(self, kind, s, sizes):
        """Value, gradient, Hessian; and sizes of the last two, which rounding takes a part of."""
        n, heat = len(s), self.number("temperature")
        z = [x / heat for x in s]
        rivals = [j for j in range(n) if kind[j] < 0]
        value, gradient = ZERO, [ZERO] * n
        hessian = [[ZERO] * n for _ in range(n)]
        for j in range(n):
            if kind[j] <= 0 or not rivals:
                continue
            top = max(z[k] for k in rivals)
            whole = sum(mpmath.exp(z[k] - top) for k in rivals)
            short = top + mpmath.log(whole) - z[j]
            value += softplus(short)
            share = [mpmath.exp(z[k] - top) / whole if k in rivals else ZERO for k in range(n)]
            lead = [share[k] - (k == j) for k in range(n)]
            once, twice = sigmoid(short), sigmoid(short) * sigmoid(-short)
            for k in range(n):
                gradient[k] += once * lead[k] / heat
                for o in range(n):
                    spread = (share[k] if k == o else 0) - share[k] * share[o]
                    hessian[k][o] += (twice * lead[k] * lead[o] + once * spread) / heat**2
        moved = 1 + 2 * max(sizes) / heat
        slack = [moved * abs(x) for x in gradient]
        return value, gradient, hessian, slack, [[moved * abs(x) for x in row] for row in hessian]


class InfoNCE(NTXent):
    vectors_are_one = False

    def __init__(self, card, dtype):
        super().__init__(card, dtype)
        self.normalize = card.normalize

    def vectors(self, y, p):
        n = math.isqrt(len(p) // 2)
        rows = [p[i * n : (i + 1) * n] for i in range(2 * n)]
        return [rows[:n], rows[n:]]

    def ways(self, y, p):
        half = ONE / 2
        return [(half, 0, 1), (half, 1, 0)] if self.card.symmetric else [(ONE, 0, 1)]

    def kinds(self, y, n):
        return [[1 if i == j else -1 for j in range(n)] for i in range(n)]


class Circle(OfPairs):
    def __init__(self, card, dtype):
        super().__init__(card, dtype)
        self.normalize = card.normalize

    def kinds(self, y, n):
        kinds = super().kinds(y, n)
        if not self.card.remove_diagonal:
            for i in range(n):
                kinds[i][i] = 1
        return kinds

    def count(self, kind):
        return int(1 in kind and -1 in kind)

    def row(self, kind, s, sizes):
        n, gamma, margin = len(s), self.number("gamma"), self.number("margin")
        term, first, second = [], [], []
        for k, x in zip(kind, s, strict=True):
            x, moves = min(x, ONE), x < 1
            if k > 0:
                term.append(gamma * ((1 - x) ** 2 - margin**2))
                first.append(-2 * gamma * (1 - x) * moves)
            else:
                moves = moves and x > -margin
                term.append(gamma * (x * x - margin**2) if x > -margin else ZERO)
                first.append(2 * gamma * x * moves)
            second.append(2 * gamma * moves)
        share, whole = [ZERO] * n, ZERO
        for side in (1, -1):
            own = [j for j in range(n) if kind[j] == side]
            top = max(term[j] for j in own)
            total = sum(mpmath.exp(term[j] - top) for j in own)
            whole += top + mpmath.log(total)
            for j in own:
                share[j] = mpmath.exp(term[j] - top) / total
        once, twice = sigmoid(whole), sigmoid(whole) * sigmoid(-whole)

        def derivatives(first, sign):
            steep = [w * f for w, f in zip(share, first, strict=True)]
            hessian = [[twice * a * b for a in steep] for b in steep]
            for k in range(n):
                hessian[k][k] += once * share[k] * (second[k] + first[k] ** 2)
                for o in range(n):
                    if kind[k] == kind[o]:
                        hessian[k][o] += sign * once * steep[k] * steep[o]
            return [once * x for x in steep], hessian

        gradient, hessian = derivatives(first, -1)
        # A slope near 0 is off by what is rounded off its similarity.
        blurred = [abs(f) + b * size for f, b, size in zip(first, second, sizes, strict=True)]
        moved = 1 + 2 * max(f * size for f, size in zip(blurred, sizes, strict=True))
        slack, bends = derivatives(blurred, 1)
        slack = [moved * x for x in slack]
        return softplus(whole), gradient, hessian, slack, [[moved * x for x in r] for r in bends]

    def _similarities(self, y, p):
        vectors = [self.scaled(x)[0] for x in self.vectors(y, p)[0]]
        kinds = self.kinds(y, len(vectors))
        for i, u in enumerate(vectors):
            for j, v in enumerate(vectors):
                # With itself it is 1 wherever the vector moves.
                if kinds[i][j] and not (self.normalize and i == j):
                    yield sum(a * b for a, b in zip(u, v, strict=True))

    def room(self, y, p):
        margin = self.number("margin")
        return min(
            (min(abs(s - 1), abs(s + margin)) / 3 for s in self._similarities(y, p)),
            default=mpmath.inf,
        )

    def near_break(self, y, p):
        return self.room(y, p) <= mpf(2) ** -18
