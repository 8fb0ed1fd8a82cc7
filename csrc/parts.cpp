#include "parts.hpp"

#if defined(__unix__)
#include <unistd.h>
#endif

namespace losskit {

bool past_caches(std::int64_t elements, bool wide) {
  static const std::int64_t from = [] {
    std::int64_t cache = 0;
#if defined(_SC_LEVEL3_CACHE_SIZE)
    cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
    return cache > 0 ? cache + cache / 2 : std::int64_t{48} << 20;
  }();
  return elements * (wide ? 8 : 4) >= from;
}

}  // namespace losskit
