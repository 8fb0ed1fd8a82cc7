// The instructions of programs that need a row as a whole: its elements in order, or each beside each.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "reductions.hpp"
#include "turn.hpp"

namespace losskit::LOSSKIT_ISA {

// The rows of a register one after another: where they lie, or, of a tile that is turned round, in
// `room`. Whole vectors may be read past the end.
template <class T>
inline const T* straight(const Tile<T>& t, const T* x, std::vector<T>& room) {
  if (!t.turned) return x;
  room.resize(t.rows * t.classes + width<T>);
  turn_out(x, t.row_step, t.rows, t.classes, room.data());
  return room.data();
}

// Calls f(row, row of the other, where the result belongs) for each row.
template <class T, class F>
LOSSKIT_INLINE void rows_into_rows(const Instruction& i, const Tile<T>& t, F&& f) {
  LOSSKIT_OPERANDS
  std::vector<T> first, second, made(t.turned ? t.rows * t.classes + width<T> : 0);
  const T *x = straight(t, a, first), *y = straight(t, b, second);
  T* into = t.turned ? made.data() : to;
  for (std::int64_t r = 0; r < t.rows; ++r)
    f(x + r * t.classes, y + r * t.classes, into + r * t.classes);
  if (t.turned) turn_in(into, t.rows, t.classes, to, t.row_step);
}

// --- the threshold of a projection on the simplex

// The t at which max(x - t, 0) adds up to 1 over a row of which 0 is the largest; -1 of NaN.
// By Newton's method from -1 on: the excess is convex and made of straight pieces, so no step goes too
// far, and each halves what is left of it or the number of elements above. `above` has room for a row.
template <class T>
T simplex_threshold(const T* x, std::int64_t n, T* above) {
  constexpr int w = width<T>;
  std::int64_t count = 0;
  for (std::int64_t k = 0; k < n; k += w) {
    if (!any<Lanes<T>>(load(x + k) > splat(T(-1)))) continue;
    for (std::int64_t j = k; j < std::min(k + w, n); ++j) {
      above[count] = x[j];
      count += x[j] > T(-1);
    }
  }
  double threshold = -1.0;
  while (count > 0) {
    double sum = 0.0;
    for (std::int64_t k = 0; k < count; ++k) sum += static_cast<double>(above[k]);
    threshold = (sum - 1.0) / static_cast<double>(count);
    std::int64_t kept = 0;
    for (std::int64_t k = 0; k < count; ++k) {
      const T own = above[k];
      above[kept] = own;
      kept += static_cast<double>(own) > threshold;
    }
    if (kept == count) break;
    count = kept;
  }
  return static_cast<T>(threshold);
}

// The same of rows that lie one in each lane, `step` apart: none goes on until all are done.
template <class T>
Lanes<T> simplex_thresholds(const T* x, std::int64_t n, std::int64_t step) {
  using V = Lanes<T>;
  const V one = splat(T(1));
  V threshold = -one, before = splat(std::numeric_limits<T>::infinity());
  for (;;) {
    Double<T> sum(-one);
    V count = {};
    for (std::int64_t c = 0; c < n; ++c) {
      const V own = load(x + c * step);
      const Bits<V> above = own > threshold;
      sum += Double<T>(where<V>(above, own));
      count += where<V>(above, one);
    }
    const Bits<V> moved = (count < before) & (count > V{});
    if (!any<V>(moved)) return threshold;
    const V next = (sum / Double<T>(greater<V>(count, one))).narrow();
    threshold = select<V>(moved, next, threshold);
    before = count;
  }
}

template <class T>
void simplex_threshold_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERAND
  if (t.turned) {
    for (std::int64_t r = 0; r < t.rows; r += width<T>)
      store<T>(to + r, simplex_thresholds(a + r, t.classes, t.row_step));
    return;
  }
  std::vector<T> above(t.classes);
  for (std::int64_t r = 0; r < t.rows; ++r)
    to[r] = simplex_threshold(a + r * t.classes, t.classes, above.data());
}

// --- each element that is counted beside each that is not

// What an element x is short of: all that lies above x - 1, which is at + low. These are the numbers
// above `over`.
template <class T>
struct Bar {
  T at, low, over;
  explicit Bar(T x) {
    at = x - T(1);
    const T back = at - x;
    low = (x - (at - back)) + (T(-1) - back);
    if (low != low) low = T(0);  // beside an infinity
    over = at;
    if (!(low < T(0))) return;
    typename lanes_of<T>::Integer bits;  // of the next number below: neither is 0 or infinite
    std::memcpy(&bits, &at, sizeof bits);
    bits += at < T(0) ? 1 : -1;
    std::memcpy(&over, &bits, sizeof bits);
  }
};

// Puts the elements that are not counted in their places, and -inf in all others. Then calls
// f(k, bar) for each that is counted.
template <class T, class F>
LOSSKIT_INLINE void for_each_counted(const T* counts, const T* x, std::int64_t n, T* others, F&& f) {
  constexpr int w = width<T>;
  using V = Lanes<T>;
  const V none = splat(-std::numeric_limits<T>::infinity());
  for (std::int64_t k = 0; k < n; k += w) {
    const Bits<V> out = k + w <= n ? Bits<V>{} : ~first_lanes<T>(n - k);
    store<T>(others + k, select<V>(out | (load(counts + k) > V{}), none, load(x + k)));
  }
  for (std::int64_t k = 0; k < n; k += w) {
    if (!any<V>(load(counts + k) > V{})) continue;
    for (std::int64_t j = k; j < std::min(k + w, n); ++j)
      if (counts[j] > T(0)) f(j, Bar<T>(x[j]));
  }
}

// The sum of 1 - x + y over pairs of an x that is counted, as often as it is, and a y that is not,
// where that is above 0.
template <class T>
void pair_shortfall_step(const Instruction& i, const Tile<T>& t) {
  LOSSKIT_OPERANDS
  using V = Lanes<T>;
  const std::int64_t n = t.classes;
  std::vector<T> first, second, others(n + width<T>);
  const T *counts = straight(t, a, first), *x = straight(t, b, second);
  for (std::int64_t r = 0; r < t.rows; ++r, counts += n, x += n) {
    double all = 0.0;
    for_each_counted(counts, x, n, others.data(), [&](std::int64_t k, const Bar<T>& bar) {
      const V at = splat(bar.at), low = splat(bar.low), over = splat(bar.over);
      Sum sum;
      for (std::int64_t j = 0; j < n; j += width<T>) {
        const V y = load(others.data() + j);
        sum.add(where<V>(y > over, V((y - at) - low)));
      }
      all += static_cast<double>(counts[k]) * sum.total();
    });
    to[r] = static_cast<T>(all);
  }
}

// How that sum moves with each element: by how many pairs it has that are above 0, less those.
template <class T>
void pair_pull_step(const Instruction& i, const Tile<T>& t) {
  using V = Lanes<T>;
  const std::int64_t n = t.classes;
  std::vector<T> others(n + width<T>), pulls(n + width<T>);
  rows_into_rows(i, t, [&](const T* counts, const T* x, T* into) {
    std::fill(pulls.begin(), pulls.end(), T(0));
    for_each_counted(counts, x, n, others.data(), [&](std::int64_t k, const Bar<T>& bar) {
      const V over = splat(bar.over), count = splat(counts[k]);
      V sum = {};
      for (std::int64_t j = 0; j < n; j += width<T>) {
        const V pull = where<V>(load(others.data() + j) > over, count);
        store<T>(pulls.data() + j, load(pulls.data() + j) + pull);
        sum += pull;
      }
      pulls[k] = -sum_of_lanes<V>(sum);
    });
    std::copy(pulls.begin(), pulls.begin() + n, into);
  });
}

// --- elements in order

template <class T>
struct Entry {
  using Key = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  Key key;
  std::uint32_t place;

  // As a whole number that is in the order of the numbers; NaN comes last.
  static Key of(T x) {
    Key bits;
    x += T(0);  // -0 is 0
    std::memcpy(&bits, &x, sizeof bits);
    constexpr Key sign = Key(1) << (8 * sizeof(T) - 1);
    return x != x ? ~Key(0) : bits & sign ? ~bits : bits | sign;
  }
};

// The elements of a row in order, equal ones in theirs.
template <class T>
class Order {
 public:
  const std::vector<Entry<T>>& of(const T* x, std::int64_t n) {
    found_.resize(n);
    for (std::int64_t k = 0; k < n; ++k)
      found_[k] = {Entry<T>::of(x[k]), static_cast<std::uint32_t>(k)};
    if (n < 64)
      std::sort(found_.begin(), found_.end(), [](const Entry<T>& a, const Entry<T>& b) {
        return a.key < b.key || (a.key == b.key && a.place < b.place);
      });
    else if (n < 8192)
      by_digits<8>();
    else
      by_digits<11>();
    return found_;
  }

 private:
  // From the last digit, of so many bits, to the first.
  template <int digit>
  void by_digits() {
    constexpr int digits = (8 * sizeof(T) + digit - 1) / digit;
    constexpr std::size_t values = std::size_t{1} << digit;
    const auto at = [](const Entry<T>& e, int d) { return (e.key >> (digit * d)) & (values - 1); };
    std::vector<std::size_t> counts(digits * values);
    for (const Entry<T>& e : found_)
      for (int d = 0; d < digits; ++d) ++counts[d * values + at(e, d)];
    other_.resize(found_.size());
    for (int d = 0; d < digits; ++d) {
      std::size_t* first = counts.data() + d * values;
      if (first[at(found_[0], d)] == found_.size()) continue;  // all have the same
      std::size_t sum = 0;
      for (std::size_t v = 0; v < values; ++v) sum += std::exchange(first[v], sum);
      for (const Entry<T>& e : found_) other_[first[at(e, d)]++] = e;
      found_.swap(other_);
    }
  }

  std::vector<Entry<T>> found_, other_;
};

// What a unit costs at each element of a row, if they are taken one after another in the order of
// their keys, and each costs by how much it raises 1 - I / U: with I of those inside that are left, and
// U of all that are inside or taken. Equal keys share what they cost, those outside being first.
template <class T>
void union_rates_step(const Instruction& i, const Tile<T>& t) {
  Order<T> order;
  rows_into_rows(i, t, [&](const T* keys, const T* inside, T* into) {
    const auto& found = order.of(keys, t.classes);
    const auto n = static_cast<std::int64_t>(found.size());
    std::int64_t left = 0;
    for (std::int64_t k = 0; k < n; ++k) left += inside[k] != T(0);
    for (std::int64_t first = 0, end = 0; first < n; first = end) {
      const std::int64_t before = left + first;
      const T index = before == 0 ? T(1) : static_cast<T>(left) / static_cast<T>(before);
      const T key = keys[found[first].place];
      for (; end < n && (end == first || keys[found[end].place] == key); ++end)
        left -= inside[found[end].place] != T(0);
      const T share = T(1) / static_cast<T>(left + end);
      for (std::int64_t k = first; k < end; ++k) {
        const std::uint32_t place = found[k].place;
        into[place] = inside[place] != T(0) ? share : share * index;
      }
    }
  });
}

}  // namespace losskit::LOSSKIT_ISA
