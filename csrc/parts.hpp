// A call cut into parts of a fixed size, on as many threads as pay. No Python.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include "request.hpp"
#include "threads.hpp"

namespace losskit {

inline void require(bool sound, const char* what) {
  if (!sound) throw std::invalid_argument(what);
}

// Below this many elements one thread is done before another has woken up.
inline constexpr std::int64_t worth_sharing = 1 << 17;

// Whether results of so many elements do not stay in a cache until they are used: then they are
// written past it.
bool past_caches(std::int64_t elements, bool wide);

// How many rows of so many classes make a part: whole groups of rows, so that none begins amid the
// lanes of another.
inline std::int64_t rows_per_part(std::int64_t classes) {
  return classes > elements_per_task / 64 ? std::max<std::int64_t>(1, elements_per_task / classes)
                                          : elements_per_task / classes / 64 * 64;
}

// Whether each of so many rows keeps all threads busy, and there are too few to give each thread some.
inline bool few_long_rows(std::int64_t rows, std::int64_t classes) {
  return classes >= worth_sharing && rows < 4 * threads();
}

// Calls work(begin, end, found) for the items in parts of a fixed size, on as many threads as pay, and
// adds up what was found: in order, so that the number of threads changes nothing.
template <class F>
Found in_parts(std::int64_t items, std::int64_t per_part, std::int64_t elements, F&& work) {
  const std::int64_t parts = (items + per_part - 1) / per_part;
  Found all;
  if (parts == 1) {
    work(0, items, all);
    return all;
  }
  const auto found = std::make_unique<Found[]>(static_cast<std::size_t>(parts));
  for_each_task(parts, elements >= worth_sharing, [&](std::int64_t i) {
    work(i * per_part, std::min(items, (i + 1) * per_part), found[i]);
  });
  for (std::int64_t i = 0; i < parts; ++i) {
    all.sum += found[i].sum;
    all.weights += found[i].weights;
    all.bad |= found[i].bad;
  }
  return all;
}

// How many elements a sequence is worth: one of a place in a frame takes as long as several of a class.
inline std::int64_t elements_of_sequence(const Ctc& q) {
  return std::max<std::int64_t>(1, q.frames * (q.classes + 8 * (q.labels + 1)));
}

inline std::int64_t sequences_per_part(const Ctc& q) {
  return std::max<std::int64_t>(1, elements_per_task / elements_of_sequence(q));
}

}  // namespace losskit
