// Everything that is compiled once for each instruction set (LOSSKIT_ISA, LOSSKIT_VECTOR_BYTES).
#include "generated/cards.hpp"
#include "rows.hpp"

namespace losskit {
namespace LOSSKIT_ISA {

// interpreter.cpp
void program(bool wide, const Programmed&, std::int64_t begin, std::int64_t end, Found&);
void program_outside(bool wide, const Programmed&, std::int64_t begin, std::int64_t end,
                     bool* outside);

namespace {

#define LOSSKIT_FORMULAS(Card) formulas_of<Card, T>,
template <class T>
constexpr CardFormulas<T> formulas_by_number[] = {LOSSKIT_CARDS(LOSSKIT_FORMULAS)};
#undef LOSSKIT_FORMULAS

void pointwise(int card, bool wide, const Pointwise& q, std::int64_t begin, std::int64_t end,
               Found& found) {
  if (wide)
    Loop<double>(q, formulas_by_number<double>[card], begin, found).run(begin, end);
  else
    Loop<float>(q, formulas_by_number<float>[card], begin, found).run(begin, end);
}

void pointwise_outside(int card, bool wide, const Pointwise& q, std::int64_t begin,
                       std::int64_t end, bool* outside) {
  if (wide)
    find_outside(q, formulas_by_number<double>[card], begin, end, outside);
  else
    find_outside(q, formulas_by_number<float>[card], begin, end, outside);
}

std::vector<CardText> cards() {
#define LOSSKIT_TEXT(Card) {Card::fingerprint, Card::parameters},
  return {LOSSKIT_CARDS(LOSSKIT_TEXT)};
#undef LOSSKIT_TEXT
}

}  // namespace

extern const Kernels kernels;
const Kernels kernels = {LOSSKIT_ISA_NAME, pointwise, softmax,
                         pointwise_outside, softmax_outside, program, program_outside,
                         ctc, log_softmax, cards, copy};

}  // namespace LOSSKIT_ISA
}  // namespace losskit
