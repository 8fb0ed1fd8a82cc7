#include "dispatch.hpp"

#include <cstdlib>
#include <stdexcept>

namespace losskit {

// Built from kernels.cpp, once for each; the same list as in CMakeLists.txt, the best one last.
#if defined(LOSSKIT_ONLY_V3)
#define LOSSKIT_ISAS(X) X(x86_64_v3)
#elif defined(__x86_64__)
#define LOSSKIT_ISAS(X) X(x86_64_v2) X(x86_64_v3) X(x86_64_v4)
#else
#define LOSSKIT_ISAS(X) X(baseline)
#endif

#define LOSSKIT_DECLARE(isa) \
  namespace isa {            \
  extern const Kernels kernels; \
  }
LOSSKIT_ISAS(LOSSKIT_DECLARE)
#undef LOSSKIT_DECLARE

namespace {

#if defined(__x86_64__)
[[maybe_unused]] bool runs_x86_64_v2() { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"); }
bool runs_x86_64_v3() {
  return runs_x86_64_v2() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi2");
}
[[maybe_unused]] bool runs_x86_64_v4() {
  return runs_x86_64_v3() && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif
[[maybe_unused]] bool runs_baseline() { return true; }

std::vector<const Kernels*> usable() {
  std::vector<const Kernels*> all;
#define LOSSKIT_ADD(isa) \
  if (runs_##isa()) all.push_back(&isa::kernels);
  LOSSKIT_ISAS(LOSSKIT_ADD)
#undef LOSSKIT_ADD
  return all;
}

const Kernels& choose() {
  const auto all = usable();
  if (all.empty()) throw std::invalid_argument("none of the compiled kernels runs on this machine");
  const char* wanted = std::getenv("LOSSKIT_ISA");
  if (wanted == nullptr || *wanted == '\0') return *all.back();
  std::string names;
  for (const auto* k : all) {
    if (std::string(k->isa) == wanted) return *k;
    names += (names.empty() ? "" : ", ") + std::string(k->isa);
  }
  throw std::invalid_argument("LOSSKIT_ISA is \"" + std::string(wanted) +
                              "\", but this machine runs: " + names);
}

}  // namespace

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (const auto* k : usable()) names.emplace_back(k->isa);
  return names;
}

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace losskit
