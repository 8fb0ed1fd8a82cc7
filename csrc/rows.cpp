// The kernels for rows; compiled once for each instruction set, like kernels.cpp.
#include "rows.hpp"

#include "columns.hpp"
#include "ctc.hpp"
#include "log_softmax.hpp"
#include "softmax.hpp"

namespace losskit::LOSSKIT_ISA {
namespace {

// Rows this short take less time side by side, one in each lane.
template <class T>
constexpr std::int64_t short_row = 20 * width<T>;

template <class T, bool Dense, bool General, bool Weighted = false>
void softmax_of(const Softmax& q, std::int64_t begin, std::int64_t end, Found& found) {
  if (q.inner > 1 || q.classes <= short_row<T>)
    Columns<T, Dense, General, Weighted>(q, found).run(begin, end);
  else
    LongRows<T, Dense, General, Weighted>(q, begin, end, found).run();
}

template <class T>
void softmax_in(const Softmax& q, std::int64_t begin, std::int64_t end, Found& found) {
  const bool general = q.smoothing != 0.0 || q.temperature != 1.0;
  if (q.class_weight)
    (q.dense ? softmax_of<T, true, true, true> : softmax_of<T, false, true, true>)(q, begin, end,
                                                                                  found);
  else if (q.dense)
    (general ? softmax_of<T, true, true> : softmax_of<T, true, false>)(q, begin, end, found);
  else
    (general ? softmax_of<T, false, true> : softmax_of<T, false, false>)(q, begin, end, found);
}

}  // namespace

void softmax(bool wide, const Softmax& q, std::int64_t begin, std::int64_t end, Found& found) {
  (wide ? softmax_in<double> : softmax_in<float>)(q, begin, end, found);
}

void softmax_outside(bool wide, const Softmax& q, std::int64_t begin, std::int64_t end,
                     bool* outside) {
  (wide ? find_outside<double> : find_outside<float>)(q, begin, end, outside);
}

void ctc(bool wide, const Ctc& q, std::int64_t begin, std::int64_t end, Found& found) {
  (wide ? ctc_of<double> : ctc_of<float>)(q, begin, end, found);
}

void log_softmax(bool wide, const LogSoftmax& q, std::int64_t begin, std::int64_t end) {
  (wide ? log_softmax_rows<double> : log_softmax_rows<float>)(q, begin, end);
}

void copy(const char* from, char* to, std::int64_t bytes) {
  const auto* x = reinterpret_cast<const float*>(from);
  auto* y = reinterpret_cast<float*>(to);
  for (std::int64_t i = 0; i + width<float> <= bytes / 4; i += width<float>)
    stream<float>(y + i, load<float>(x + i));
  finish_streaming();
}

}  // namespace losskit::LOSSKIT_ISA
