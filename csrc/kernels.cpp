// Everything that is compiled once for each instruction set (LOSSKIT_ISA, LOSSKIT_VECTOR_BYTES).
#include "columns.hpp"
#include "generated/cards.hpp"
#include "log_softmax.hpp"
#include "softmax.hpp"

namespace losskit {
namespace LOSSKIT_ISA {
namespace {

template <class T>
void pointwise_in(int card, const Pointwise& q, std::int64_t begin, std::int64_t end,
                  Found& found) {
#define LOSSKIT_FORMULAS(Card) formulas_of<Card, T>,
  static constexpr CardFormulas<T> cards[] = {LOSSKIT_CARDS(LOSSKIT_FORMULAS)};
#undef LOSSKIT_FORMULAS
  Loop<T>(q, cards[card], begin, found).run(begin, end);
}

void pointwise(int card, bool wide, const Pointwise& q, std::int64_t begin, std::int64_t end,
               Found& found) {
  (wide ? pointwise_in<double> : pointwise_in<float>)(card, q, begin, end, found);
}

// Rows this short take less time side by side, one in each lane.
constexpr std::int64_t short_row = 48;

template <class T, bool Dense, bool General>
void softmax_of(const Softmax& q, std::int64_t begin, std::int64_t end, Found& found) {
  if (q.inner > 1 || q.classes <= short_row)
    Columns<T, Dense, General>(q, found).run(begin, end);
  else
    LongRows<T, Dense, General>(q, begin, end, found).run();
}

template <class T>
void softmax_in(const Softmax& q, std::int64_t begin, std::int64_t end, Found& found) {
  const bool general = q.smoothing != 0.0 || q.temperature != 1.0;
  if (q.dense)
    (general ? softmax_of<T, true, true> : softmax_of<T, true, false>)(q, begin, end, found);
  else
    (general ? softmax_of<T, false, true> : softmax_of<T, false, false>)(q, begin, end, found);
}

void softmax(bool wide, const Softmax& q, std::int64_t begin, std::int64_t end, Found& found) {
  (wide ? softmax_in<double> : softmax_in<float>)(q, begin, end, found);
}

void log_softmax(bool wide, const LogSoftmax& q, std::int64_t begin, std::int64_t end) {
  (wide ? log_softmax_rows<double> : log_softmax_rows<float>)(q, begin, end);
}

std::vector<std::string> fingerprints() {
#define LOSSKIT_FINGERPRINT(Card) Card::fingerprint,
  return {LOSSKIT_CARDS(LOSSKIT_FINGERPRINT)};
#undef LOSSKIT_FINGERPRINT
}

// The best copy there is, to compare with: past the caches. Both addresses are aligned to 64 bytes.
void copy(const char* from, char* to, std::int64_t bytes) {
  const auto* x = reinterpret_cast<const float*>(from);
  auto* y = reinterpret_cast<float*>(to);
  for (std::int64_t i = 0; i + width<float> <= bytes / 4; i += width<float>)
    stream<float>(y + i, load<float>(x + i));
  finish_streaming();
}

}  // namespace

extern const Kernels kernels;
const Kernels kernels = {LOSSKIT_ISA_NAME, pointwise, softmax, log_softmax,
                         fingerprints, copy};

}  // namespace LOSSKIT_ISA
}  // namespace losskit
