// What XLA hands to a call, read with care: nothing is taken for granted that it could tell.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "request.hpp"
#include "xla.hpp"

namespace losskit::xla {

// An argument or a result: dense, in C order.
struct Buffer {
  View view;
  std::int64_t size = 0;  // in elements
  std::int64_t rank = 0;
  const std::int64_t* shape = nullptr;
  bool given = false;

  std::int64_t bytes() const;
};

// Throws std::invalid_argument where the call is not as this library makes it.
class Frame {
 public:
  explicit Frame(const CallFrame& call);

  // The next argument or result, in order.
  Buffer argument() { return next(call_.arguments, arguments_); }
  Buffer result() { return next(call_.results, results_); }
  // Whether all of them were taken.
  bool used_up() const;

  std::string_view text(std::string_view name) const;
  double number(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  bool flag(std::string_view name) const;
  std::vector<double> numbers(std::string_view name) const;
  std::string_view bytes(std::string_view name) const;

 private:
  Buffer next(const Values& all, std::int64_t& at);
  const void* attribute(std::string_view name, AttributeKind kind) const;
  const void* scalar(std::string_view name, DataType type) const;

  const CallFrame& call_;
  std::int64_t arguments_ = 0, results_ = 0;
};

// Answers where XLA asks for the version that a handler follows. Returns whether it did.
// Throws std::runtime_error if XLA's own is another one.
bool told_version(const CallFrame& call);

Error* error(const CallFrame& call, Code code, const char* message);

}  // namespace losskit::xla
