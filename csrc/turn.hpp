// Rows beside one another: the same element of several rows in one vector.
#pragma once

#include <cstdint>
#include <utility>

#include "lanes.hpp"

namespace losskit::LOSSKIT_ISA {

// Before a loop over the vectors of a square: they are to stay in registers.
#if defined(__GNUC__) && !defined(__clang__)
#define LOSSKIT_UNROLL _Pragma("GCC unroll 16")
#else
#define LOSSKIT_UNROLL
#endif

// a0 b0 a1 b1 ... of the first halves, or of the second.
template <class V, std::size_t... i>
LOSSKIT_INLINE V interleaved(V a, V b, int, std::index_sequence<i...>) {
  return __builtin_shufflevector(a, b, (i % 2 ? sizeof...(i) + i / 2 : i / 2)...);
}
template <class V, std::size_t... i>
LOSSKIT_INLINE V interleaved(V a, V b, long, std::index_sequence<i...>) {
  constexpr std::size_t n = sizeof...(i);
  return __builtin_shufflevector(a, b, (i % 2 ? n + n / 2 + i / 2 : n / 2 + i / 2)...);
}

// A square of vectors, its rows as columns.
template <class T>
LOSSKIT_INLINE void turn(Lanes<T> (&v)[width<T>]) {
  constexpr int w = width<T>;
  constexpr auto all = std::make_index_sequence<w>();
  LOSSKIT_UNROLL
  for (int step = 1; step < w; step *= 2) {
    Lanes<T> next[w];
    LOSSKIT_UNROLL
    for (int i = 0; i < w / 2; ++i) {
      next[2 * i] = interleaved(v[i], v[i + w / 2], 0, all);
      next[2 * i + 1] = interleaved(v[i], v[i + w / 2], 0L, all);
    }
    LOSSKIT_UNROLL
    for (int i = 0; i < w; ++i) v[i] = next[i];
  }
}

// n rows of c elements, turned: the same element of all rows side by side, `row_step` apart. Reads
// less than a vector past the end of the last row; handles whole vectors of rows, of which those
// that are not there hold 0.
template <class T>
inline void turn_in(const T* from, std::int64_t n, std::int64_t c, T* to, std::int64_t row_step) {
  constexpr int w = width<T>;
  for (std::int64_t r = 0; r < n; r += w)
    for (std::int64_t k = 0; k < c; k += w) {
      Lanes<T> v[w];
      LOSSKIT_UNROLL
      for (int j = 0; j < w; ++j) v[j] = r + j < n ? load(from + (r + j) * c + k) : Lanes<T>{};
      turn<T>(v);
      LOSSKIT_UNROLL
      for (int j = 0; j < w && k + j < c; ++j) store<T>(to + (k + j) * row_step + r, v[j]);
    }
}

// And back. Writes past the end of a row, which the next one, or its own beginning, puts right; so
// past that of the last.
template <class T>
inline void turn_out(const T* from, std::int64_t row_step, std::int64_t n, std::int64_t c, T* to) {
  constexpr int w = width<T>;
  for (std::int64_t r = 0; r < n; r += w)
    for (std::int64_t k = (c - 1) / w * w; k >= 0; k -= w) {
      Lanes<T> v[w];
      LOSSKIT_UNROLL
      for (int j = 0; j < w; ++j)
        v[j] = k + j < c ? load(from + (k + j) * row_step + r) : Lanes<T>{};
      turn<T>(v);
      LOSSKIT_UNROLL
      for (int j = 0; j < w && r + j < n; ++j) store<T>(to + (r + j) * c + k, v[j]);
    }
}

}  // namespace losskit::LOSSKIT_ISA
