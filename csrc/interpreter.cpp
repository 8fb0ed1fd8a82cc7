// The interpreter of programs, compiled once for each instruction set.
#include "interpreter.hpp"

namespace losskit::LOSSKIT_ISA {

char* scratch(std::size_t bytes) {
  struct Free {
    void operator()(char* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  static thread_local std::unique_ptr<char[], Free> memory;
  static thread_local std::size_t size = 0;
  if (size < bytes) {
    memory.reset();
    size = 0;
    memory.reset(static_cast<char*>(::operator new[](bytes, std::align_val_t{64})));
    size = bytes;
    // What lies behind the end of a row is computed with, and should be ordinary numbers.
    std::memset(memory.get(), 0, bytes);
  }
  return memory.get();
}

void program(bool wide, const Programmed& q, std::int64_t begin, std::int64_t end, Found& found) {
  if (wide)
    Run<double>(q, found).rows(begin, end);
  else
    Run<float>(q, found).rows(begin, end);
}

void program_outside(bool wide, const Programmed& q, std::int64_t begin, std::int64_t end,
                     bool* outside) {
  Found found;
  if (wide)
    Run<double>(q, found).rows(begin, end, outside);
  else
    Run<float>(q, found).rows(begin, end, outside);
}

}  // namespace losskit::LOSSKIT_ISA
