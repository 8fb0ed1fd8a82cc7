// XLA's foreign function interface: as much of its binary layout as is read or written here.
//
// The layout is declared once more, lest building losskit need an XLA. XLA keeps it within a major
// version: each structure begins with its size, and newer ones only grow at their end. The tests
// hold these declarations against the header that comes with jaxlib.
#pragma once

#include <cstddef>
#include <cstdint>

namespace losskit::xla {

// The version that these declarations follow. They hold for minor version 1 too, the oldest that
// an XLA accepts.
inline constexpr int major_version = 0, minor_version = 3;

enum class ExtensionKind : int { metadata = 1 };

struct Extension {
  std::size_t size;
  ExtensionKind kind;
  Extension* next;
};

struct Version {
  std::size_t size;
  Extension* extensions;
  int major, minor;
};

// --- errors

enum class Code : int {
  invalid_argument = 3,
  resource_exhausted = 8,
  failed_precondition = 9,
  internal = 13,
};

struct Error;  // XLA's own

struct NewError {
  std::size_t size;
  Extension* extensions;
  const char* message;  // copied
  Code code;
};

struct Api {
  std::size_t size;
  Extension* extensions;
  Version version;
  const void* internal;
  Error* (*new_error)(NewError*);
  // ... and more
};

// --- values

enum class DataType : int {
  pred = 1,
  s8 = 2, s16 = 3, s32 = 4, s64 = 5,
  u8 = 6, u16 = 7, u32 = 8, u64 = 9,
  f16 = 10, f32 = 11, f64 = 12, bf16 = 16,
};

enum class ValueKind : int { buffer = 1 };  // of an argument or a result

struct RawBuffer {
  std::size_t size;
  Extension* extensions;
  DataType type;
  void* data;
  std::int64_t rank;
  std::int64_t* shape;
};

// Arguments and results alike.
struct Values {
  std::size_t size;
  Extension* extensions;
  std::int64_t count;
  ValueKind* kinds;
  void** values;
};

enum class AttributeKind : int { array = 1, dictionary = 2, scalar = 3, string = 4 };

struct Text {
  const char* data;
  std::size_t length;
};

struct Scalar {
  DataType type;
  void* value;
};

struct Array {
  DataType type;
  std::size_t length;
  void* data;
};

struct Attributes {
  std::size_t size;
  Extension* extensions;
  std::int64_t count;
  AttributeKind* kinds;
  Text** names;
  void** values;  // each a Text, a Scalar or an Array
};

// --- calls

enum class Stage : int { instantiate = 0, prepare = 1, initialize = 2, execute = 3 };

struct CallFrame {
  std::size_t size;
  Extension* extensions;
  const Api* api;
  void* context;
  Stage stage;
  Values arguments, results;
  Attributes attributes;
  // ... and more
};

using Handler = Error*(CallFrame*);

// What XLA asks of a handler when it is registered.
struct Metadata {
  std::size_t size;
  Version version;
  std::uint32_t traits;
  // ... and more
};

struct MetadataExtension {
  Extension base;
  Metadata* metadata;
};

// The handlers of the losses, by the names under which they are registered.
struct NamedHandler {
  const char* name;
  Handler* handler;
};
inline constexpr int handler_count = 4;
extern const NamedHandler handlers[handler_count];

}  // namespace losskit::xla
