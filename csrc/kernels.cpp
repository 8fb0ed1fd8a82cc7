// Everything that is compiled once for each instruction set (LOSSKIT_ISA, LOSSKIT_VECTOR_BYTES).
#include "generated/cards.hpp"
#include "rows.hpp"

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

std::vector<CardText> cards() {
#define LOSSKIT_TEXT(Card) {Card::fingerprint, Card::parameters},
  return {LOSSKIT_CARDS(LOSSKIT_TEXT)};
#undef LOSSKIT_TEXT
}

}  // namespace

extern const Kernels kernels;
const Kernels kernels = {LOSSKIT_ISA_NAME, pointwise, softmax, log_softmax, cards,
                         copy};

}  // namespace LOSSKIT_ISA
}  // namespace losskit
