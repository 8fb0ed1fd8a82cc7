// log(softmax(z)) of each row: read twice, the second time from a cache.
#pragma once

#include "softmax.hpp"

namespace losskit::LOSSKIT_ISA {

template <class T>
void log_softmax_rows(const LogSoftmax& q, std::int64_t begin, std::int64_t end) {
  thread_local Scratch<T> scratch;
  scratch.exponentials.resize(q.classes);
  Softmax whole;
  whole.logits = q.logits;
  whole.classes = q.classes;
  alignas(64) T buffer[chunk];
  for (std::int64_t row = begin; row < end; ++row) {
    const Row<T> r = read_row<T, false, false, false>(whole, row, T(1), {}, scratch.exponentials.data(),
                                               scratch.references);
    // Two subtractions: the sum of top and logarithm would lose what is small beside the top.
    const auto top = splat(r.top), log_sum = splat(static_cast<T>(std::log1p(r.rest)));
    for (std::int64_t j = 0; j < q.classes; j += chunk) {
      const std::int64_t n = q.classes - j < chunk ? q.classes - j : chunk;
      const T* z = read<T>(q.logits, row * q.classes + j, n, buffer);
      put<T>(q.out, row * q.classes + j, n, q.past_caches,
             [&](std::int64_t i, auto part) LOSSKIT_INLINE_LAMBDA {
               if constexpr (is_whole<decltype(part)>)
                 return (load(z + i) - top) - log_sum;
               else
                 return (load_part(z + i, part, T(0)) - top) - log_sum;
             });
    }
  }
  if (q.past_caches) finish_streaming();
  keep_little(scratch.exponentials);
}

}  // namespace losskit::LOSSKIT_ISA
