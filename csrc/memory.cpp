#include "memory.hpp"

#include <nanobind/ndarray.h>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

#include "calls.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#endif

namespace losskit {

namespace {

// From so many bytes on the C library maps memory anew for each array, whatever was freed before.
constexpr std::int64_t mapped_anew = std::int64_t{1} << 24;

}  // namespace

void ask_for_huge_pages([[maybe_unused]] void* data, [[maybe_unused]] std::int64_t bytes) {
#if defined(MADV_HUGEPAGE)
  if (bytes < mapped_anew) return;
  constexpr std::uintptr_t page = 4096;  // a part of a larger one is refused, and no harm done
  const auto at = reinterpret_cast<std::uintptr_t>(data), from = (at + page - 1) / page * page;
  madvise(reinterpret_cast<void*>(from), at + static_cast<std::uintptr_t>(bytes) - from,
          MADV_HUGEPAGE);
#endif
}

#if defined(MADV_FREE) && defined(MAP_ANONYMOUS)
namespace {

constexpr std::size_t huge_page = std::size_t{1} << 21;

struct Block {
  char* data = nullptr;
  std::size_t bytes = 0;  // a multiple of huge_page
};

std::size_t in_huge_pages(std::size_t bytes) {
  return (bytes + huge_page - 1) / huge_page * huge_page;
}

Block map(std::size_t bytes) {
  const std::size_t wanted = in_huge_pages(bytes);
  void* all = mmap(nullptr, wanted + huge_page, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return {};
  // What lies before and after the huge pages is not needed.
  auto* const begin = static_cast<char*>(all);
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(begin) % huge_page;
  if (before > 0) munmap(begin, before);
  if (before < huge_page) munmap(begin + before + wanted, huge_page - before);
#if defined(MADV_HUGEPAGE)
  madvise(begin + before, wanted, MADV_HUGEPAGE);
#endif
  return {begin + before, wanted};
}

// The last blocks that were freed: in a training step the new gradient is made while the old one is
// still there, so two take turns. Of smaller ones, of which a loss may have several, more are kept.
template <std::size_t count>
class Kept {
 public:
  Block take(std::size_t bytes) {
    Block found;
    if (const std::unique_lock lock(mutex_, std::try_to_lock); lock)
      for (Block& block : blocks_)
        if (block.bytes >= bytes && block.bytes / 2 <= bytes) {
          std::swap(found, block);
          break;
        }
    return found;
  }

  void give(Block block) {
    // The system may have a large one; of a small one that would cost more than it is worth.
    if (block.bytes >= static_cast<std::size_t>(mapped_anew))
      madvise(block.data, block.bytes, MADV_FREE);
    // After a fork the lock may be held by a thread that is not there.
    if (const std::unique_lock lock(mutex_, std::try_to_lock); lock) {
      std::swap(block, blocks_[next_]);
      next_ = (next_ + 1) % blocks_.size();
    }
    if (block.data != nullptr) munmap(block.data, block.bytes);
  }

  void free() {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return;
    for (Block& block : blocks_) {
      if (block.data != nullptr) munmap(block.data, block.bytes);
      block = {};
    }
  }

 private:
  std::mutex mutex_;
  std::array<Block, count> blocks_;
  std::size_t next_ = 0;
};

// Never destroyed: arrays may be freed after this library's own statics.
Kept<2>& large_ones() {
  static auto* const kept = new Kept<2>;
  return *kept;
}
Kept<6>& small_ones() {
  static auto* const kept = new Kept<6>;
  return *kept;
}

bool is_large(std::size_t bytes) {
  return in_huge_pages(bytes) >= static_cast<std::size_t>(mapped_anew);
}

}  // namespace

Memory large_memory(std::int64_t bytes) {
  const auto size = static_cast<std::size_t>(bytes);
  Block found = is_large(size) ? large_ones().take(size) : small_ones().take(size);
  if (found.data == nullptr) found = map(size);
  if (found.data == nullptr) return {};
  return {found.data, new Block(found)};
}

void give_back(void* owner) noexcept {
  const std::unique_ptr<Block> block(static_cast<Block*>(owner));
  is_large(block->bytes) ? large_ones().give(*block) : small_ones().give(*block);
}

void free_kept_memory() {
  large_ones().free();
  small_ones().free();
}

#else  // nowhere to keep it: NumPy's memory is as good

Memory large_memory(std::int64_t) { return {}; }

void give_back(void*) noexcept {}

void free_kept_memory() {}

#endif

nb::object large_array(nb::handle shape, nb::handle dtype, std::int64_t bytes) {
  const Memory found = large_memory(bytes);
  if (found.data == nullptr) return nb::none();
  const nb::capsule owner(found.owner, give_back);
  const nb::ndarray<nb::numpy, std::uint8_t, nb::ndim<1>> raw(
      found.data, {static_cast<std::size_t>(bytes)}, owner);
  return numpy().ndarray(shape, dtype, nb::cast(raw));
}

}  // namespace losskit
