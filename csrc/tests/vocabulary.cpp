// Measures how far the functions of csrc/vocabulary.hpp and csrc/narrow.hpp are off, in units in the last place (ULP):
// float against the C library in double, double against it in long double.
//
// g++ -std=c++20 -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast -march=x86-64-v3
//   -pthread -DLOSSKIT_VECTOR_BYTES=32 -Icsrc csrc/tests/vocabulary.cpp -o vocabulary
// ./vocabulary            # a sample, a few seconds
// ./vocabulary --all      # every float, minutes
//
// Prints a table; fails where a function is more than 2 ULP off or a limit is wrong.
#include "narrow.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace isa = losskit::LOSSKIT_ISA;

namespace {

constexpr double allowed = 2.0;  // ULP

template <class T>
using Wide = std::conditional_t<sizeof(T) == 4, double, long double>;
template <class T>
using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
template <class T>
using Limits = std::numeric_limits<T>;

template <class T>
T from_word(Word<T> w) {
  T x;
  std::memcpy(&x, &w, sizeof x);
  return x;
}

template <class T>
Word<T> to_word(T x) {
  Word<T> w;
  std::memcpy(&w, &x, sizeof w);
  return w;
}

// --- the functions, and what they should give

#define FUNCTION_ON(domain, Name, function, exact)    \
  struct Name {                                       \
    static constexpr const char* name = #function;    \
    template <class T>                                \
    static bool takes(T x) {                          \
      return std::isnan(x) || (domain);               \
    }                                                 \
    template <class V>                                \
    static V of(V x) {                                \
      return isa::function(x);                        \
    }                                                 \
    template <class T>                                \
    static Wide<T> reference(Wide<T> x) {             \
      return exact;                                   \
    }                                                 \
  };
#define FUNCTION(Name, function, exact) FUNCTION_ON(true, Name, function, exact)
FUNCTION_ON(x <= 0, ExpScaled, exp_scaled, std::exp(x) * isa::exp_scale<T>)
FUNCTION_ON(x <= 0, ExpNegative, exp_negative, std::exp(x))
FUNCTION_ON(x <= 0, Expm1Negative, expm1_negative, std::expm1(x))
FUNCTION_ON(x >= Limits<T>::min(), LogNormal, log_normal, std::log(x))
FUNCTION_ON(x >= T(-0.6) && x <= T(0.4), Log1pNear, log1p_near, std::log1p(x))
FUNCTION_ON(x >= 0 && x <= 1, Log1pUnit, log1p_unit, std::log1p(x))
FUNCTION(Exp, exp, std::exp(x))
FUNCTION(Expm1, expm1, std::expm1(x))
FUNCTION(Log, log, std::log(x))
FUNCTION(Log1p, log1p, std::log1p(x))
FUNCTION(Tanh, tanh, std::tanh(x))
FUNCTION(Sigmoid, sigmoid, x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)))
FUNCTION(Softplus, softplus, x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)))
#undef FUNCTION
#undef FUNCTION_ON

// The distance of neighbours at an exact value.
template <class F, class T>
Wide<T> unit(Wide<T> exact) {
  // Where exp would be below its least number, any such number will do.
  const Wide<T> least_exp = Wide<T>(Limits<T>::denorm_min()) * isa::exp_scale<T>;
  if (std::is_same_v<F, ExpScaled> && exact < least_exp) return least_exp;
  int exponent = std::ilogb(exact);
  const int least = Limits<T>::min_exponent - 1;
  if (exact == 0 || exponent < least) exponent = least;
  return std::ldexp(Wide<T>(1), exponent - (Limits<T>::digits - 1));
}

template <class F, class T>
double distance(T got, Wide<T> exact) {
  if (std::isnan(exact)) return std::isnan(got) ? 0.0 : INFINITY;
  const T rounded = static_cast<T>(exact);
  if (got == rounded) {
    if (exact == 0 && std::signbit(got) != std::signbit(exact)) return INFINITY;
    if (std::isinf(got)) return 0.0;
  }
  if (std::isnan(got)) return INFINITY;
  // Past the largest number comes the one that would follow it.
  const Wide<T> past = std::ldexp(Wide<T>(1), Limits<T>::max_exponent);
  const Wide<T> seen = std::isinf(got) ? std::copysign(past, Wide<T>(got)) : Wide<T>(got);
  const Wide<T> due = std::fabs(exact) > past ? std::copysign(past, exact) : exact;
  return static_cast<double>(std::fabs(seen - due) / unit<F, T>(due));
}

// --- measuring

template <class T>
struct Worst {
  double ulp = 0.0;
  T at = 0;

  void add(const Worst& other) {
    if (other.ulp > ulp) *this = other;
  }
};

template <class F, class T>
[[gnu::noinline]] void apply(const T* x, T* y, int n) {
  for (int i = 0; i < n; i += isa::width<T>) isa::store(y + i, F::of(isa::load(x + i)));
}

template <class F, class T>
struct Meter {
  static constexpr int size = 512;
  T x[size], y[size];
  int count = 0;
  Worst<T> worst;

  void add(T value) {
    if (!F::takes(value)) return;
    x[count++] = value;
    if (count == size) finish();
  }

  void finish() {
    for (int i = count; i < size; ++i) x[i] = T(0.1);
    apply<F>(x, y, size);
    for (int i = 0; i < count; ++i) {
      const double ulp = distance<F>(y[i], F::template reference<T>(x[i]));
      if (ulp > worst.ulp) worst = {ulp, x[i]};
    }
    count = 0;
  }
};

// Where things happen: the limits and thresholds, and a few neighbours of each.
template <class T>
std::vector<T> special() {
  std::vector<T> centres = {0, 1, 2, Limits<T>::infinity(), Limits<T>::max(), Limits<T>::min(),
                            Limits<T>::denorm_min(), Limits<T>::epsilon(), T(0.41421356237309503),
                            T(0.70710678118654752), T(1.4142135623730951),
                            T(0.54930614433405485), T(0.55)};  // tanh = 1/2, and another form
  for (int i = Limits<T>::min_exponent - Limits<T>::digits; i <= Limits<T>::max_exponent; ++i) {
    centres.push_back(std::ldexp(T(1), i));
    // The ends of the reduced interval, and where exp gives the largest and least numbers.
    for (int half = 0; half < 2; ++half) {
      const T x = std::fabs(static_cast<T>((i + half * 0.5L) * 0.693147180559945309417L));
      centres.push_back(x);
      centres.push_back(x / 2);
    }
  }
  std::vector<T> all = {Limits<T>::quiet_NaN(), from_word<T>(to_word(Limits<T>::infinity()) + 1),
                        from_word<T>(~Word<T>(0))};
  for (const T c : centres)
    for (int step = -20; step <= 20; ++step) {
      const T x = from_word<T>(to_word(c) + Word<T>(step));
      all.push_back(x);
      all.push_back(-x);
    }
  return all;
}

struct Random {
  std::uint64_t state;

  std::uint64_t next() {  // splitmix64
    std::uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  double uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(next() >> 11) * 0x1p-53);
  }
};

template <class F, class T>
Worst<T> sample(int count) {
  Meter<F, T> meter;
  for (const T x : special<T>()) meter.add(x);
  Random random{1};
  const double wide = -std::log(static_cast<double>(Limits<T>::denorm_min())) + 1;
  for (int i = 0; i < count; ++i) {
    const auto bits = static_cast<Word<T>>(random.next() >> (64 - 8 * sizeof(T)));
    meter.add(from_word<T>(bits));
    for (const double end : {wide, 20.0, 2.0, 0.5}) {
      const T x = static_cast<T>(random.uniform(-end, end));
      meter.add(x);
      meter.add(T(1) + x);
    }
    // Evenly in the exponents near 1.
    meter.add(static_cast<T>(std::ldexp(random.uniform(-2, 2), -static_cast<int>(bits % 32))));
  }
  meter.finish();
  return meter.worst;
}

template <class F>
Worst<float> all_floats() {
  Worst<float> worst[2];
  std::thread threads[2];
  for (std::uint64_t half = 0; half < 2; ++half)
    threads[half] = std::thread([half, &worst] {
      Meter<F, float> meter;
      for (std::uint64_t w = half << 31; w < (half + 1) << 31; ++w)
        meter.add(from_word<float>(static_cast<std::uint32_t>(w)));
      meter.finish();
      worst[half] = meter.worst;
    });
  for (auto& t : threads) t.join();
  worst[0].add(worst[1]);
  return worst[0];
}

template <class T>
bool shown(const char* name, Worst<T> worst) {
  const bool good = worst.ulp <= allowed;
  std::printf("%-14s %-6s %6.3f  at %-24.17g %s\n", name, sizeof(T) == 4 ? "float" : "double",
              worst.ulp, static_cast<double>(worst.at), good ? "" : "FAIL");
  std::fflush(stdout);
  return good;
}

template <class F>
bool measured(bool all) {
  const bool floats = shown(F::name, all ? all_floats<F>() : sample<F, float>(1 << 18));
  const bool doubles = shown(F::name, sample<F, double>(all ? 1 << 23 : 1 << 16));
  return floats && doubles;
}

// --- limits, in so many words

template <class F, class T>
bool gives(T x, T y) {
  T in[isa::width<T>], out[isa::width<T>];
  for (T& v : in) v = x;
  apply<F>(in, out, isa::width<T>);
  bool good = true;
  for (const T v : out)
    good &= std::isnan(y) ? std::isnan(v) : v == y && std::signbit(v) == std::signbit(y);
  if (!good)
    std::printf("%s(%g) of %s gives %g, not %g\n", F::name, double(x),
                sizeof(T) == 4 ? "float" : "double", double(out[0]), double(y));
  return good;
}

template <class T>
bool limits() {
  constexpr T inf = Limits<T>::infinity(), nan = Limits<T>::quiet_NaN(), scale = isa::exp_scale<T>,
              least = Limits<T>::denorm_min(), max = Limits<T>::max();
  bool good = true;
  const auto check = [&](auto function, std::initializer_list<std::pair<T, T>> pairs) {
    for (const auto& [x, y] : pairs) good &= gives<decltype(function), T>(x, y);
    good &= gives<decltype(function), T>(nan, nan);
  };
  check(Exp(), {{0, 1}, {-T(0), 1}, {inf, inf}, {-inf, 0}, {max, inf}, {-max, 0}, {least, 1}});
  check(ExpScaled(), {{0, scale}, {-T(0), scale}, {-inf, 0}, {-max, 0}, {-least, scale},
                      {std::log(least) - T(1.1), 0}});
  check(Expm1(), {{0, 0}, {-T(0), -T(0)}, {inf, inf}, {-inf, -1}, {max, inf}, {-max, -1},
                  {least, least}, {-least, -least}});
  check(Log(), {{1, 0}, {0, -inf}, {-T(0), -inf}, {inf, inf}, {-inf, nan}, {-1, nan},
                {-least, nan}, {-max, nan}});
  check(Log1p(), {{0, 0}, {-T(0), -T(0)}, {-1, -inf}, {inf, inf}, {-inf, nan}, {-2, nan},
                  {-max, nan}, {least, least}, {-least, -least}});
  check(Tanh(), {{0, 0}, {-T(0), -T(0)}, {inf, 1}, {-inf, -1}, {max, 1}, {-max, -1},
                 {least, least}, {-least, -least}});
  check(Sigmoid(), {{0, T(0.5)}, {-T(0), T(0.5)}, {inf, 1}, {-inf, 0}, {max, 1}, {-max, 0}});
  check(Softplus(), {{inf, inf}, {-inf, 0}, {max, max}, {-max, 0}});
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  const bool all = argc > 1 && std::string(argv[1]) == "--all";
  std::printf("%-14s %-6s %6s\n", "function", "type", "ULP");
  bool good = limits<float>();
  good &= limits<double>();
  good &= measured<ExpScaled>(all);
  good &= measured<ExpNegative>(all);
  good &= measured<Exp>(all);
  good &= measured<Expm1>(all);
  good &= measured<Expm1Negative>(all);
  good &= measured<Log>(all);
  good &= measured<LogNormal>(all);
  good &= measured<Log1p>(all);
  good &= measured<Log1pNear>(all);
  good &= measured<Log1pUnit>(all);
  good &= measured<Sigmoid>(all);
  good &= measured<Softplus>(all);
  good &= measured<Tanh>(all);
  return good ? 0 : 1;
}
