// The instructions of programs that go along rows: sums and maxima, lengths of vectors, what the others
// of a row come to. Sums are taken in float64, in a fixed order.
#pragma once

#include <cmath>

#include "instructions.hpp"

namespace losskit::LOSSKIT_ISA {

// Calls put(vector, chain) for the vectors of a row of n, chain being 0 or 1 in turns. at(k) gives the
// vector from element k on, past the row's end too: there `fill` takes its place.
template <class T, class At, class Put>
LOSSKIT_INLINE void along_row(std::int64_t n, T fill, At&& at, Put&& put) {
  constexpr int w = width<T>;
  std::int64_t k = 0;
  for (; k + 2 * w <= n; k += 2 * w) {
    put(at(k), 0);
    put(at(k + w), 1);
  }
  if (k + w <= n) put(at(k), 0), k += w;
  if (k < n) put(select<Lanes<T>>(first_lanes<T>(n - k), at(k), splat(fill)), 1);
}

template <class T, class At>
LOSSKIT_INLINE double sum_along(std::int64_t n, At&& at) {
  Sum two[2];
  along_row<T>(n, T(0), at, [&](Lanes<T> x, int chain) LOSSKIT_INLINE_LAMBDA { two[chain].add(x); });
  for (int p = 0; p < Sum::parts; ++p) two[0].part[p] += two[1].part[p];
  return two[0].total();
}

// The largest of the numbers in each lane; NaN if one is. That is noted apart: to look for it in every
// maximum takes several times as long, for each waits for the one before.
template <class T>
struct Most {
  using V = Lanes<T>;
  V top = splat(-std::numeric_limits<T>::infinity());
  Integers<T> lost = {};

  LOSSKIT_INLINE void add(V x) {
    top = greater(x, top);
    lost |= x != x;
  }
  LOSSKIT_INLINE void operator+=(const Most& other) {
    top = greater(other.top, top);
    lost |= other.lost;
  }
  LOSSKIT_INLINE V lanes() const {
    return select<V>(lost, splat(std::numeric_limits<T>::quiet_NaN()), top);
  }
  LOSSKIT_INLINE T largest() const {
    return any<V>(lost) ? std::numeric_limits<T>::quiet_NaN()
                        : LOSSKIT_ISA::largest<V>(top);
  }
};

template <class T, class At>
LOSSKIT_INLINE T max_along(std::int64_t n, At&& at) {
  Most<T> two[2];
  along_row<T>(n, -std::numeric_limits<T>::infinity(), at,
               [&](Lanes<T> x, int chain) LOSSKIT_INLINE_LAMBDA { two[chain].add(x); });
  two[0] += two[1];
  return two[0].largest();
}

// A vector in float64: as two vectors, or as it is.
template <class T>
struct Double {
  Wide x{};
  Double() = default;
  LOSSKIT_INLINE explicit Double(Lanes<T> from) : x(widened(from)) {}
  LOSSKIT_INLINE explicit Double(Wide from) : x(from) {}
  LOSSKIT_INLINE void operator+=(const Double& y) { x.low += y.x.low, x.high += y.x.high; }
  LOSSKIT_INLINE Double operator*(const Double& y) const {
    return Double(Wide{x.low * y.x.low, x.high * y.x.high});
  }
  LOSSKIT_INLINE Double operator/(const Double& y) const {
    return Double(Wide{x.low / y.x.low, x.high / y.x.high});
  }
  LOSSKIT_INLINE Double root() const {
    return Double(Wide{square_root(x.low), square_root(x.high)});
  }
  LOSSKIT_INLINE Lanes<T> narrow() const { return narrowed(x); }
};
template <>
struct Double<double> {
  Lanes<double> x{};
  Double() = default;
  LOSSKIT_INLINE explicit Double(Lanes<double> from) : x(from) {}
  LOSSKIT_INLINE void operator+=(const Double& y) { x += as_rounded(y.x); }
  LOSSKIT_INLINE Double operator*(const Double& y) const { return Double(x * y.x); }
  LOSSKIT_INLINE Double operator/(const Double& y) const { return Double(x / y.x); }
  LOSSKIT_INLINE Double root() const { return Double(square_root(x)); }
  LOSSKIT_INLINE Lanes<double> narrow() const { return x; }
};

// The sum of each row; at(k) gives the vector that begins at the k-th number of the registers.
template <class T, class At>
LOSSKIT_INLINE void sum_rows(const Instruction& i, const Tile<T>& t, At&& at) {
  T* to = t.registers[i.to];
  if (t.sums != nullptr) {
    t.sums[i.to] += sum_along<T>(t.classes, at);
  } else if (!t.turned) {
    for (std::int64_t r = 0; r < t.rows; ++r) {
      const std::int64_t first = r * t.classes;
      to[r] = static_cast<T>(sum_along<T>(
          t.classes, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA { return at(first + k); }));
    }
  } else {
    for (std::int64_t r = 0; r < t.rows; r += width<T>) {
      Double<T> sum;
      for (std::int64_t c = 0; c < t.classes; ++c) sum += Double<T>(at(c * t.row_step + r));
      store<T>(to + r, sum.narrow());
    }
  }
}

template <class T, class At>
LOSSKIT_INLINE void max_rows(const Instruction& i, const Tile<T>& t, At&& at) {
  T* to = t.registers[i.to];
  if (t.sums != nullptr) {
    const double x = max_along<T>(t.classes, at);
    if (!(t.sums[i.to] >= x) && t.sums[i.to] == t.sums[i.to]) t.sums[i.to] = x;
  } else if (!t.turned) {
    for (std::int64_t r = 0; r < t.rows; ++r) {
      const std::int64_t first = r * t.classes;
      to[r] = max_along<T>(t.classes,
                           [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA { return at(first + k); });
    }
  } else {
    for (std::int64_t r = 0; r < t.rows; r += width<T>) {
      Most<T> most;
      for (std::int64_t c = 0; c < t.classes; ++c) most.add(at(c * t.row_step + r));
      store<T>(to + r, most.lanes());
    }
  }
}

#define LOSSKIT_DEFINE(name, rows, expression)                                 \
  template <class T>                                                           \
  void name##_step(const Instruction& i, const Tile<T>& t) {                   \
    LOSSKIT_OPERANDS                                                           \
    rows(i, t, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA -> Lanes<T> {         \
      const T* left = a + k;                                                   \
      [[maybe_unused]] const T* right = b + k;                                 \
      return expression;                                                       \
    });                                                                        \
  }
LOSSKIT_DEFINE(sum, sum_rows, load(left))
LOSSKIT_DEFINE(sum_absolute, sum_rows, absolute(load(left)))
LOSSKIT_DEFINE(dot, sum_rows, load(left) * load(right))
LOSSKIT_DEFINE(sum_where, sum_rows, where<Lanes<T>>(bits(load(left)), load(right)))
LOSSKIT_DEFINE(max, max_rows, load(left))
LOSSKIT_DEFINE(max_absolute, max_rows, absolute(load(left)))
#undef LOSSKIT_DEFINE

// --- rows in steps of their own

// The length of a vector x as a product: the largest |x|, and the root of the sum of squares in parts
// of its square. Each is 1 where all are 0; what is infinite has no length.
template <class T>
struct Length {
  T top;
  double scaled;
};

template <class T>
inline Length<T> length_of(const T* x, std::int64_t n) {
  const T top =
      max_along<T>(n, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA { return absolute(load(x + k)); });
  if (top == T(0)) return {T(1), 1.0};
  if (!(top < std::numeric_limits<T>::infinity()))
    return {top, std::numeric_limits<double>::quiet_NaN()};
  // In float64 no square of a float32 overflows or vanishes; one of a float64 may.
  const double by = sizeof(T) == 4 ? 1.0 : double{top};
  const Lanes<double> part = splat(by);
  Lanes<double> sums[2] = {};
  along_row<T>(
      n, T(0), [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA { return load(x + k); },
      [&](Lanes<T> v, int chain) LOSSKIT_INLINE_LAMBDA {
        if constexpr (sizeof(T) == 4) {
          const Wide wide = widened(v);
          sums[chain] += wide.low * wide.low;
          sums[1 - chain] += wide.high * wide.high;
        } else {
          const Lanes<double> own = v / part;
          sums[chain] += own * own;
        }
      });
  const double all = sum_of_lanes<Lanes<double>>(sums[0] + sums[1]);
  return {top, std::sqrt(all) / (sizeof(T) == 4 ? double{top} : 1.0)};
}

// The same of a vector of rows that lie one in each lane, `step` apart.
template <class T>
struct Lengths {
  Lanes<T> top;
  Double<T> scaled;
};
template <class T>
LOSSKIT_INLINE Lengths<T> lengths_of(const T* x, std::int64_t n, std::int64_t step) {
  Most<T> most;
  for (std::int64_t c = 0; c < n; ++c) most.add(absolute(load(x + c * step)));
  const Lanes<T> top = most.lanes();
  const Lanes<T> one = splat(T(1)), safe = select<Lanes<T>>(top == Lanes<T>{}, one, top);
  Double<T> sum;
  for (std::int64_t c = 0; c < n; ++c) {
    const Double<T> part = Double<T>(load(x + c * step)) / Double<T>(safe);
    sum += part * part;
  }
  Lanes<T> length = sum.root().narrow();
  length = select<Lanes<T>>(top == Lanes<T>{}, one, length);
  return {safe, Double<T>(length)};
}

template <class T>
void scaled_length_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERAND
  if (t.turned)
    for (std::int64_t r = 0; r < t.rows; r += width<T>)
      store<T>(to + r, lengths_of(a + r, t.classes, t.row_step).scaled.narrow());
  else
    for (std::int64_t r = 0; r < t.rows; ++r)
      to[r] = static_cast<T>(length_of(a + r * t.classes, t.classes).scaled);
}

// Writes put(vector) for each vector of a row, which may be read again from where it is written.
template <class T, class F>
LOSSKIT_INLINE void put_row(const T* from, T* to, std::int64_t n, F&& f) {
  std::int64_t k = 0;
  for (; k + width<T> <= n; k += width<T>) store<T>(to + k, f(load(from + k)));
  if (k == n) return;
  const Lanes<T> last = f(load(from + k));
  std::memcpy(to + k, &last, (n - k) * sizeof(T));  // behind it the next row is yet to be read
}

// A row at length 1.
template <class T>
void unit_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERAND
  if (t.turned) {
    for (std::int64_t r = 0; r < t.rows; r += width<T>) {
      const Lengths<T> length = lengths_of(a + r, t.classes, t.row_step);
      for (std::int64_t c = 0; c < t.classes; ++c) {
        const std::int64_t at = c * t.row_step + r;
        const Double<T> part = Double<T>(load(a + at)) / Double<T>(length.top);
        store<T>(to + at, (part / length.scaled).narrow());
      }
    }
    return;
  }
  for (std::int64_t r = 0; r < t.rows; ++r) {
    const std::int64_t at = r * t.classes;
    const Length<T> length = length_of(a + at, t.classes);
    if constexpr (sizeof(T) == 4) {
      const Double<T> by(Wide{splat(1.0 / (length.top * length.scaled)),
                              splat(1.0 / (length.top * length.scaled))});
      put_row(a + at, to + at, t.classes, [&](Lanes<T> x) LOSSKIT_INLINE_LAMBDA {
        return (Double<T>(x) * by).narrow();
      });
    } else {
      const Lanes<T> top = splat(length.top), scaled = splat(length.scaled);
      put_row(a + at, to + at, t.classes,
              [&](Lanes<T> x) LOSSKIT_INLINE_LAMBDA { return Lanes<T>(x / top / scaled); });
    }
  }
}

// Of each element the sum of the others of its row. The sum less an element that is more than half of
// all would have rounded the others away: it gets their sum by itself.
template <class T>
void others_step(const Instruction& i, const Tile<T>& t) {
  using V = Lanes<T>;
  LOSSKIT_OPERAND
  const auto is_most = [](V x, V all) LOSSKIT_INLINE_LAMBDA { return absolute(x) * T(2) > all; };
  if (t.turned) {
    for (std::int64_t r = 0; r < t.rows; r += width<T>) {
      Double<T> sums, sizes, rests;
      for (std::int64_t c = 0; c < t.classes; ++c) {
        const V x = load(a + c * t.row_step + r);
        sums += Double<T>(x);
        sizes += Double<T>(absolute(x));
      }
      const V sum = sums.narrow(), size = sizes.narrow();
      for (std::int64_t c = 0; c < t.classes; ++c) {
        const V x = load(a + c * t.row_step + r);
        rests += Double<T>(where<V>(~is_most(x, size), x));
      }
      const V rest = rests.narrow();
      for (std::int64_t c = 0; c < t.classes; ++c) {
        const V x = load(a + c * t.row_step + r);
        store<T>(to + c * t.row_step + r, select<V>(is_most(x, size), rest, sum - x));
      }
    }
    return;
  }
  for (std::int64_t r = 0; r < t.rows; ++r) {
    const T* row = a + r * t.classes;
    const auto at = [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA { return load(row + k); };
    Sum sums[2], sizes[2];
    V top = {};
    along_row<T>(t.classes, T(0), at, [&](V x, int chain) LOSSKIT_INLINE_LAMBDA {
      sums[chain].add(x);
      sizes[chain].add(absolute(x));
      top = greater(absolute(x), top);
    });
    const V sum = splat(static_cast<T>(sums[0].total() + sums[1].total()));
    const V size = splat(static_cast<T>(sizes[0].total() + sizes[1].total()));
    T* into = to + r * t.classes;
    if (!any<V>(is_most(top, size))) {
      put_row(row, into, t.classes, [&](V x) LOSSKIT_INLINE_LAMBDA { return V(sum - x); });
      continue;
    }
    const V rest = splat(static_cast<T>(
        sum_along<T>(t.classes, [&](std::int64_t k) LOSSKIT_INLINE_LAMBDA {
          const V x = load(row + k);
          return where<V>(~is_most(x, size), x);
        })));
    put_row(row, into, t.classes, [&](V x) LOSSKIT_INLINE_LAMBDA {
      return select<V>(is_most(x, size), rest, V(sum - x));
    });
  }
}

}  // namespace losskit::LOSSKIT_ISA
