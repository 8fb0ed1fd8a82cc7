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

void numbers(const View& from, std::int64_t begin, std::int64_t n, double* to) {
  const double* x = read<double>(from, begin, n, to);
  if (x != to) std::memcpy(to, x, n * sizeof *x);
}

double sum(const double* from, std::int64_t n) {
  Sum two[2];
  for (std::int64_t k = 0; k < n; k += 2 * width<double>) {
    two[0].add(load(from + k));
    two[1].add(load(from + k + width<double>));
  }
  return two[0].total() + two[1].total();
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
                         ctc, log_softmax, cards, copy, numbers, sum};

}  // namespace LOSSKIT_ISA
}  // namespace losskit
