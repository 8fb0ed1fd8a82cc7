// What rows.cpp gives to kernels.cpp.
#pragma once

#include "request.hpp"

namespace losskit::LOSSKIT_ISA {

void softmax(bool wide, const Softmax& q, std::int64_t begin, std::int64_t end, Found& found);
void softmax_outside(bool wide, const Softmax& q, std::int64_t begin, std::int64_t end,
                     bool* outside);
void ctc(bool wide, const Ctc& q, std::int64_t begin, std::int64_t end, Found& found);
void log_softmax(bool wide, const LogSoftmax& q, std::int64_t begin, std::int64_t end);

// The best copy there is, to compare with: past the caches. Both addresses are aligned to 64 bytes.
void copy(const char* from, char* to, std::int64_t bytes);

}  // namespace losskit::LOSSKIT_ISA
