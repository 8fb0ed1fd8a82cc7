// A card as a program: what the Python side hands over, verified once before it runs.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "request.hpp"

namespace losskit {

// The operations of a program, by the names under which src/losskit/programs/lower.py knows them.
// v: a register, s: a scalar.
#define LOSSKIT_UNARY(X)                                                                          \
  X(negative) X(absolute) X(sign) X(square_root) X(exp) X(exp_negative) X(expm1)                  \
  X(expm1_negative) X(log) X(log_normal) X(log1p) X(log1p_unit) X(log1p_near) X(tanh)
#define LOSSKIT_ARITHMETIC(X) X(add, +) X(sub, -) X(mul, *) X(div, /)
#define LOSSKIT_COMPARISONS(X) X(lt, <) X(le, <=) X(gt, >) X(ge, >=) X(eq, ==) X(ne, !=)
#define LOSSKIT_BINARY(X) X(maximum) X(minimum) X(exp_less) X(log_less)
#define LOSSKIT_BOUNDED(X) X(at_least) X(at_most)
#define LOSSKIT_OTHERS(X)                                                                         \
  X(and) X(or) X(not) X(where_v) X(where_s) X(select_vv) X(select_vs) X(select_sv) X(select_ss)   \
  X(power) X(power_positive) X(copy) X(fill) X(expand) X(classes) X(pick) X(sum) X(max)           \
  X(sum_where) X(dot) X(sum_absolute) X(max_absolute) X(scaled_length) X(unit) X(others) \
  X(simplex_threshold) X(pair_shortfall) X(pair_pull) X(union_rates)
#define LOSSKIT_OF_SCALARS(X)                                                                     \
  X(add) X(sub) X(mul) X(div) X(negative) X(absolute) X(exp) X(expm1) X(log) X(log1p)             \
  X(square_root) X(tanh) X(maximum) X(minimum) X(power)

// r: one register of rows beside one of elements, on the left or on the right.
#define LOSSKIT_WITH_ROWS(X) \
  X(add_er) X(sub_er) X(sub_re) X(mul_er) X(div_er) X(div_re) \
  X(lt_er) X(le_er) X(gt_er) X(ge_er) X(eq_er) X(ne_er)

enum class Op : std::uint16_t {
#define LOSSKIT_ONE(name, ...) name##_,
#define LOSSKIT_THREE(name, ...) name##_vv, name##_vs, name##_sv,
  LOSSKIT_UNARY(LOSSKIT_ONE) LOSSKIT_ARITHMETIC(LOSSKIT_THREE) LOSSKIT_COMPARISONS(LOSSKIT_THREE)
  LOSSKIT_BINARY(LOSSKIT_ONE) LOSSKIT_BOUNDED(LOSSKIT_ONE) LOSSKIT_OTHERS(LOSSKIT_ONE)
  LOSSKIT_WITH_ROWS(LOSSKIT_ONE)
#undef LOSSKIT_ONE
#define LOSSKIT_ONE(name) scalar_##name##_,
  LOSSKIT_OF_SCALARS(LOSSKIT_ONE)
#undef LOSSKIT_ONE
#undef LOSSKIT_THREE
  count
};

// The names of the operations, in the order of their numbers.
std::vector<std::string> operation_names();

struct Instruction {
  std::uint16_t op, span, to, a, b, c;
};

// What a register holds: one number for each row, or for each element of the rows.
inline constexpr int of_row = 1, of_element = 2;
// What a result may be besides: of elements, 0 but at the label of each row, which the register holds.
inline constexpr int at_label = 3;

struct Output {
  int whole, passes;  // its registers, the second where there are passes
  int span;
};

struct Slot {
  int span;
  bool shared;  // the same for all rows
};

struct Program {
  std::vector<Instruction> scalars, whole, after;
  struct Pass {
    std::vector<Instruction> once, each;
  };
  std::vector<Pass> passes;  // none where rows, however long, are taken whole
  std::vector<double> numbers;
  int parameters = 0;
  std::vector<Slot> slots;
  std::vector<Output> outputs;
  int registers_whole = 0, registers_passes = 0;
  // Of each slot, whether more of a row is read than what stands at its label.
  std::vector<char> read_whole;

  static constexpr int constants = 5;  // tiny, floor, complement_floor, slack, length
  static constexpr std::size_t most_slots = 8;
  static constexpr int version = 1;  // of the bytes

  std::size_t scalar_count() const {
    return constants + parameters + numbers.size() + scalars.size();
  }
  // The program in the bytes that `lower.py` writes; the latest are kept.
  // Throws std::invalid_argument where they are no program.
  static std::shared_ptr<const Program> read(std::string_view bytes);
};

// What the values of a slot may be.
struct SlotValues {
  double low, high;
  bool finite;          // NaN and infinities are none
  bool minus_infinity;  // but for this one
  bool labels;
  int few;                     // if there are few at all, how many
  std::array<double, 4> only;  // and which
  double stand_in;             // for what does not count

  static constexpr std::size_t numbers = 11;
  // From as many numbers for each slot, in this order.
  static std::vector<SlotValues> read(const std::vector<double>& all);
};

// A call of a program. Rows lie as those of `Softmax` do.
struct Programmed {
  const Program* program = nullptr;
  const double* parameters = nullptr;
  View slots[Program::most_slots];
  SlotValues values[Program::most_slots];
  View weight, keep;  // of each row
  View items;
  View outputs[Program::most_slots];  // of derivatives: the program's results behind the value
  int value = -1;  // which of the results the items are; none if negative
  std::int64_t outer = 0, classes = 1, inner = 1;
  bool ignores = false;
  std::int64_t ignored = 0;
  double scale = 1.0;
  double floor = 0.0, complement_floor = 0.0;
  bool past_caches = false;
  // Whether rows are taken one by one, each on several threads; else several at a time, each on one.
  bool rows_shared = false;
  const double* of_classes = nullptr;  // what rows weigh by their labels, if they do
  // Whether of the elements nothing but what stands at the labels is read and written: then tiles
  // and parts are counted in rows.
  bool at_labels = false;
  bool cleared = false;  // results that are 0 but at the labels are so already

  std::int64_t rows() const { return outer * inner; }
  // Whether a slot is read for each row, or only where something is picked from it.
  bool reads(std::size_t slot) const;

  // The program, what its slots hold, and its parameters, which are kept by others.
  void take(const Program& p, const std::vector<SlotValues>& all, const std::vector<double>& numbers);
};

}  // namespace losskit
