// Memory for large results.
//
// A fresh array of this size costs more than what is computed into it: the system clears every page
// when it is first touched. So large results lie in huge pages, and the memory of the last ones that
// were freed is kept for the next. While it is kept the system may take it whenever it runs short.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>

namespace losskit {

// Results of fewer bytes come from NumPy: the C library keeps what it needs for those.
inline constexpr std::int64_t large_result = std::int64_t{1} << 20;

// Memory for a large result that begins on a cache line; without data if the system has none to give.
// Its owner is to be given back.
struct Memory {
  void* data = nullptr;
  void* owner = nullptr;
};
Memory large_memory(std::int64_t bytes);
void give_back(void* owner) noexcept;

// A NumPy array of so many bytes, not set to anything, that begins on a cache line; None if the
// system has no such memory to give.
nanobind::object large_array(nanobind::handle shape, nanobind::handle dtype, std::int64_t bytes);

// Asks for huge pages where memory of so many bytes that was never touched lies, if it is large.
void ask_for_huge_pages(void* data, std::int64_t bytes);

// Gives what is kept back to the system.
void free_kept_memory();

}  // namespace losskit
