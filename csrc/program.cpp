#include "program.hpp"

#include <cstring>
#include <stdexcept>

namespace losskit {

std::vector<std::string> operation_names() {
  return {
#define LOSSKIT_ONE(name, ...) #name,
#define LOSSKIT_THREE(name, ...) #name "_vv", #name "_vs", #name "_sv",
      LOSSKIT_UNARY(LOSSKIT_ONE) LOSSKIT_ARITHMETIC(LOSSKIT_THREE)
      LOSSKIT_COMPARISONS(LOSSKIT_THREE) LOSSKIT_BINARY(LOSSKIT_ONE) LOSSKIT_BOUNDED(LOSSKIT_ONE)
      LOSSKIT_OTHERS(LOSSKIT_ONE)
#undef LOSSKIT_ONE
#define LOSSKIT_ONE(name) "scalar_" #name,
      LOSSKIT_OF_SCALARS(LOSSKIT_ONE)
#undef LOSSKIT_ONE
#undef LOSSKIT_THREE
  };
}

std::vector<Instruction> instructions(std::string_view bytes) {
  if (bytes.size() % sizeof(Instruction) != 0)
    throw std::invalid_argument("a program ends within an instruction");
  std::vector<Instruction> all(bytes.size() / sizeof(Instruction));
  if (!all.empty()) std::memcpy(all.data(), bytes.data(), bytes.size());
  return all;
}

namespace {

void check(bool sound, const char* what) {
  if (!sound) throw std::invalid_argument(std::string("a program ") + what);
}

// What an operation takes: registers (v), then scalars (s), then nothing; p: a slot and its labels.
std::string_view operands(const std::string& name) {
  static const auto ends = [](const std::string& name, std::string_view end) {
    return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
  };
  if (name == "pick") return "vv";
  if (name == "fill") return "s";
  if (name == "power" || name == "at_least" || name == "at_most") return "vs";
  if (name == "where_v") return "vv";
  if (name == "where_s") return "vs";
  if (name == "select_vv") return "vvv";
  if (name == "select_vs" || name == "select_sv") return "vvs";
  if (name == "select_ss") return "vss";
  if (ends(name, "_vv")) return "vv";
  if (ends(name, "_vs") || ends(name, "_sv")) return "vs";
  if (name == "and" || name == "or" || name == "maximum" || name == "minimum" ||
      name == "exp_less" || name == "log_less")
    return "vv";
  return "v";
}

struct Verifier {
  const Program& p;
  std::vector<std::string> names = operation_names();

  void of_scalars() const {
    const std::size_t first = p.scalar_count() - p.scalars.size();
    for (std::size_t k = 0; k < p.scalars.size(); ++k) {
      const Instruction& i = p.scalars[k];
      check(i.op < names.size() && names[i.op].rfind("scalar_", 0) == 0, "lacks a scalar operation");
      check(i.to == first + k && i.a < i.to && i.b < i.to, "takes a scalar before it is made");
    }
  }

  void of_tiles(const std::vector<Instruction>& all, int registers) const {
    const int slots = static_cast<int>(p.slots.size());
    for (const Instruction& i : all) {
      check(i.op < names.size() && names[i.op].rfind("scalar_", 0) != 0, "has an unknown operation");
      const std::string& name = names[i.op];
      // A comparison has its scalar on the right.
      check(i.op < static_cast<int>(Op::lt_vv) || i.op > static_cast<int>(Op::ne_sv) ||
                (i.op - static_cast<int>(Op::lt_vv)) % 3 != 2,
            "compares a scalar with a register");
      check(i.span == of_row || i.span == of_element, "has an instruction of nothing");
      check(i.to >= slots && i.to < registers, "writes where it must not");
      const std::uint16_t given[] = {i.a, i.b, i.c};
      const std::string_view kinds = operands(name);
      for (std::size_t k = 0; k < kinds.size(); ++k)
        check(given[k] < (kinds[k] == 's' ? static_cast<int>(p.scalar_count()) : registers),
              "reads where there is nothing");
      if (name == "pick") check(i.a < slots && i.b < slots, "picks from what is no slot");
    }
  }
};

}  // namespace

void Program::verify() const {
  check(!slots.empty() && slots.size() <= most_slots, "takes too many arrays");
  check(!outputs.empty() && outputs.size() <= most_slots, "has too many results");
  const int least = static_cast<int>(slots.size());
  check(registers_whole >= least && registers_passes >= least, "has no registers for its arrays");
  for (const Slot& s : slots) check(s.span == of_row || s.span == of_element, "takes nothing");
  for (const Output& o : outputs) {
    check(o.whole >= 0 && o.whole < registers_whole && o.passes >= 0 && o.passes < registers_passes,
          "has a result that is nowhere");
    check(o.span == of_row || o.span == of_element, "has a result of nothing");
  }
  const Verifier v{*this};
  v.of_scalars();
  v.of_tiles(whole, registers_whole);
  for (const Pass& pass : passes) {
    v.of_tiles(pass.once, registers_passes);
    v.of_tiles(pass.each, registers_passes);
  }
  v.of_tiles(after, registers_passes);
  check(!passes.empty(), "has no passes");
}

}  // namespace losskit
