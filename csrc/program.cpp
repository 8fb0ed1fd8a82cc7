#include "program.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <unordered_map>

namespace losskit {

std::vector<std::string> operation_names() {
  return {
#define LOSSKIT_ONE(name, ...) #name,
#define LOSSKIT_THREE(name, ...) #name "_vv", #name "_vs", #name "_sv",
      LOSSKIT_UNARY(LOSSKIT_ONE) LOSSKIT_ARITHMETIC(LOSSKIT_THREE)
      LOSSKIT_COMPARISONS(LOSSKIT_THREE) LOSSKIT_BINARY(LOSSKIT_ONE) LOSSKIT_BOUNDED(LOSSKIT_ONE)
      LOSSKIT_OTHERS(LOSSKIT_ONE) LOSSKIT_WITH_ROWS(LOSSKIT_ONE)
#undef LOSSKIT_ONE
#define LOSSKIT_ONE(name) "scalar_" #name,
      LOSSKIT_OF_SCALARS(LOSSKIT_ONE)
#undef LOSSKIT_ONE
#undef LOSSKIT_THREE
  };
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
  if (name == "power" || name == "power_positive" || name == "at_least" || name == "at_most") return "vs";
  if (name == "where_v") return "vv";
  if (name == "where_s") return "vs";
  if (name == "select_vv") return "vvv";
  if (name == "select_vs" || name == "select_sv") return "vvs";
  if (name == "select_ss") return "vss";
  if (ends(name, "_vv") || ends(name, "_er") || ends(name, "_re")) return "vv";
  if (ends(name, "_vs") || ends(name, "_sv")) return "vs";
  if (name == "pair_shortfall" || name == "pair_pull" || name == "union_rates") return "vv";
  if (name == "and" || name == "or" || name == "maximum" || name == "minimum" ||
      name == "exp_less" || name == "log_less" || name == "sum_where" || name == "dot")
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

void verify(const Program& p) {
  check(!p.slots.empty() && p.slots.size() <= Program::most_slots, "takes too many arrays");
  check(!p.outputs.empty() && p.outputs.size() <= Program::most_slots, "has too many results");
  const int least = static_cast<int>(p.slots.size());
  const bool passes = !p.passes.empty();
  check(p.registers_whole >= least && (!passes || p.registers_passes >= least),
        "has no registers for its arrays");
  for (const Slot& s : p.slots) check(s.span == of_row || s.span == of_element, "takes nothing");
  for (const Output& o : p.outputs) {
    check(o.whole >= 0 && o.whole < p.registers_whole &&
              (!passes || (o.passes >= 0 && o.passes < p.registers_passes)),
          "has a result that is nowhere");
    check(o.span == of_row || o.span == of_element || o.span == at_label,
          "has a result of nothing");
    // What is multiplied by weights where it lies must be nobody else's.
    check(o.whole >= least && (!passes || o.passes >= least), "has a slot for a result");
    for (const Output& other : p.outputs)
      check(&other == &o || (other.whole != o.whole && (!passes || other.passes != o.passes)),
            "has two results in one register");
  }
  const Verifier v{p};
  v.of_scalars();
  v.of_tiles(p.whole, p.registers_whole);
  for (const Program::Pass& pass : p.passes) {
    v.of_tiles(pass.once, p.registers_passes);
    v.of_tiles(pass.each, p.registers_passes);
  }
  v.of_tiles(p.after, p.registers_passes);
  check(passes || p.after.empty(), "has an end but no passes");
}

// Of which slots a tile is read, rather than picked from.
std::vector<char> slots_read(const Program& p) {
  const std::vector<std::string> names = operation_names();
  std::vector<char> found(p.slots.size(), 0);
  const auto look = [&](const std::vector<Instruction>& all) {
    for (const Instruction& i : all) {
      if (i.op == static_cast<int>(Op::pick_)) continue;
      const std::uint16_t given[] = {i.a, i.b, i.c};
      const std::string_view kinds = operands(names[i.op]);
      for (std::size_t k = 0; k < kinds.size(); ++k)
        if (kinds[k] == 'v' && given[k] < found.size()) found[given[k]] = 1;
    }
  };
  look(p.whole);
  look(p.after);
  for (const Program::Pass& pass : p.passes) {
    look(pass.once);
    look(pass.each);
  }
  return found;
}

// What was packed, piece by piece.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <class X>
  X one() {
    X x;
    take(&x, sizeof x);
    return x;
  }
  int count() { return static_cast<int>(one<std::uint32_t>()); }
  template <class X>
  std::vector<X> many() {
    const auto n = one<std::uint32_t>();
    check(n <= rest_.size() / sizeof(X), "ends too early");
    std::vector<X> all(n);
    take(all.data(), n * sizeof(X));
    return all;
  }
  bool done() const { return rest_.empty(); }

 private:
  void take(void* to, std::size_t bytes) {
    check(bytes <= rest_.size(), "ends too early");
    if (bytes > 0) std::memcpy(to, rest_.data(), bytes);
    rest_.remove_prefix(bytes);
  }

  std::string_view rest_;
};

}  // namespace

std::shared_ptr<const Program> Program::read(std::string_view bytes) {
  // Never freed: a program may still be running at exit.
  static auto* const known =
      new std::unordered_map<std::string, std::shared_ptr<const Program>>;
  static auto* const lock = new std::mutex;
  const std::lock_guard<std::mutex> held(*lock);
  std::string key(bytes);
  if (const auto found = known->find(key); found != known->end()) return found->second;
  Reader reader(bytes);
  auto made = std::make_shared<Program>();
  Program& p = *made;
  check(reader.count() == version, "was made by another version of losskit: compile it again");
  p.parameters = reader.count();
  p.registers_whole = reader.count();
  p.registers_passes = reader.count();
  for (const std::uint32_t s : reader.many<std::uint32_t>())
    p.slots.push_back({static_cast<int>(s & 3), (s & 4) != 0});
  for (const auto& o : reader.many<std::array<std::uint32_t, 3>>())
    p.outputs.push_back({static_cast<int>(o[0]), static_cast<int>(o[1]), static_cast<int>(o[2])});
  p.numbers = reader.many<double>();
  p.scalars = reader.many<Instruction>();
  p.whole = reader.many<Instruction>();
  const int passes = reader.count();
  check(passes <= 1000, "has too many passes");
  for (int k = 0; k < passes; ++k) {
    auto once = reader.many<Instruction>();
    p.passes.push_back({std::move(once), reader.many<Instruction>()});
  }
  p.after = reader.many<Instruction>();
  check(reader.done(), "goes on behind its end");
  check(p.parameters >= 0 && p.parameters < 1000, "takes too many parameters");
  verify(p);
  p.read_whole = slots_read(p);
  if (known->size() >= 1024) known->clear();
  known->emplace(std::move(key), made);
  return made;
}

bool Programmed::reads(std::size_t slot) const {
  const SlotValues& v = values[slot];
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return program->read_whole[slot] || v.labels || program->slots[slot].span == of_row || v.finite ||
         v.low > -infinity || v.high < infinity || v.few > 0;
}

void Programmed::take(const Program& p, const std::vector<SlotValues>& all,
                      const std::vector<double>& numbers) {
  check(all.size() == p.slots.size(), "was handed the values of other slots than it takes");
  check(numbers.size() == static_cast<std::size_t>(p.parameters), "takes other parameters");
  program = &p;
  parameters = numbers.data();
  std::copy(all.begin(), all.end(), values);
  const auto of_rows = [](const Instruction& i) { return i.span == of_row; };
  at_labels = std::all_of(p.whole.begin(), p.whole.end(), of_rows);
  for (const Output& o : p.outputs) at_labels &= o.span != of_element;
  for (std::size_t s = 0; s < p.slots.size(); ++s)
    at_labels &= !p.slots[s].shared && !(p.slots[s].span == of_element && reads(s));
}

std::vector<SlotValues> SlotValues::read(const std::vector<double>& all) {
  if (all.size() % numbers != 0) throw std::invalid_argument("a slot's values are incomplete");
  std::vector<SlotValues> made;
  for (std::size_t k = 0; k < all.size(); k += numbers) {
    const double* x = all.data() + k;
    SlotValues v{x[0], x[1], x[2] != 0, x[3] != 0, x[4] != 0, static_cast<int>(x[5]), {}, x[10]};
    if (!(x[5] >= 0 && x[5] <= 4)) throw std::invalid_argument("a slot has too many values");
    std::copy(x + 6, x + 10, v.only.begin());
    made.push_back(v);
  }
  return made;
}

}  // namespace losskit
