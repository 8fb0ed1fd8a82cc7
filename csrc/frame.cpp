#include "frame.hpp"

#include <cstring>
#include <string>

#include "parts.hpp"

namespace losskit::xla {
namespace {

void check_version(const Api* api) {
  if (api->version.major == major_version) return;
  throw std::runtime_error("losskit knows version " + std::to_string(major_version) +
                           " of XLA's foreign function interface, but this XLA has version " +
                           std::to_string(api->version.major) +
                           ". Update losskit, or set LOSSKIT_NATIVE=0.");
}

struct Known {
  Type type;
  int bytes;
};

Known known(DataType type) {
  switch (type) {
    case DataType::pred: return {Type::boolean, 1};
    case DataType::u8: return {Type::uint8, 1};
    case DataType::s8: return {Type::int8, 1};
    case DataType::u16: return {Type::uint16, 2};
    case DataType::s16: return {Type::int16, 2};
    case DataType::u32: return {Type::uint32, 4};
    case DataType::s32: return {Type::int32, 4};
    case DataType::u64: return {Type::uint64, 8};
    case DataType::s64: return {Type::int64, 8};
    case DataType::f16: return {Type::float16, 2};
    case DataType::bf16: return {Type::bfloat16, 2};
    case DataType::f32: return {Type::float32, 4};
    case DataType::f64: return {Type::float64, 8};
  }
  throw std::invalid_argument("no kernel reads arrays of XLA's type " +
                              std::to_string(static_cast<int>(type)));
}

int bytes_of(Type type) {
  switch (type) {
    case Type::uint8: case Type::int8: case Type::boolean: return 1;
    case Type::uint16: case Type::int16: case Type::float16: case Type::bfloat16: return 2;
    case Type::uint32: case Type::int32: case Type::float32: return 4;
    case Type::uint64: case Type::int64: case Type::float64: break;
  }
  return 8;
}

}  // namespace

std::int64_t Buffer::bytes() const { return size * bytes_of(view.type); }

Frame::Frame(const CallFrame& call) : call_(call) {
  check_version(call.api);
  require(call.size >= sizeof(CallFrame) && call.arguments.size >= sizeof(Values) &&
              call.results.size >= sizeof(Values) && call.attributes.size >= sizeof(Attributes),
          "XLA's call frame is smaller than losskit knows it");
  require(call.stage == Stage::execute, "losskit's handlers serve the execution stage alone");
}

bool Frame::used_up() const {
  return arguments_ == call_.arguments.count && results_ == call_.results.count;
}

Buffer Frame::next(const Values& all, std::int64_t& at) {
  require(at < all.count && all.kinds[at] == ValueKind::buffer, "an array is missing");
  const auto& raw = *static_cast<const RawBuffer*>(all.values[at++]);
  require(raw.size >= sizeof(RawBuffer), "XLA's buffer is smaller than losskit knows it");
  const auto [type, bytes] = known(raw.type);
  Buffer buffer;
  buffer.given = true;
  buffer.rank = raw.rank;
  buffer.shape = raw.shape;
  buffer.size = 1;
  for (std::int64_t k = 0; k < raw.rank; ++k) buffer.size *= raw.shape[k];
  View& view = buffer.view;
  view.data = static_cast<char*>(raw.data);
  view.type = type;
  view.contiguous = true;
  view.dimensions = 1;
  view.shape[0] = buffer.size;
  view.strides[0] = bytes;
  return buffer;
}

const void* Frame::attribute(std::string_view name, AttributeKind kind) const {
  const Attributes& all = call_.attributes;
  for (std::int64_t i = 0; i < all.count; ++i)
    if (all.kinds[i] == kind && std::string_view(all.names[i]->data, all.names[i]->length) == name)
      return all.values[i];
  throw std::invalid_argument("the attribute \"" + std::string(name) +
                              "\" is missing, or of another type: the call was compiled for "
                              "another version of losskit. Compile it again.");
}

const void* Frame::scalar(std::string_view name, DataType type) const {
  const auto& found = *static_cast<const Scalar*>(attribute(name, AttributeKind::scalar));
  require(found.type == type, "an attribute is of another type");
  return found.value;
}

std::string_view Frame::text(std::string_view name) const {
  const auto& found = *static_cast<const Text*>(attribute(name, AttributeKind::string));
  return {found.data, found.length};
}

double Frame::number(std::string_view name) const {
  double x;
  std::memcpy(&x, scalar(name, DataType::f64), sizeof x);
  return x;
}

std::int64_t Frame::integer(std::string_view name) const {
  std::int64_t x;
  std::memcpy(&x, scalar(name, DataType::s64), sizeof x);
  return x;
}

bool Frame::flag(std::string_view name) const {
  return *static_cast<const unsigned char*>(scalar(name, DataType::pred)) != 0;
}

std::vector<double> Frame::numbers(std::string_view name) const {
  const auto& found = *static_cast<const Array*>(attribute(name, AttributeKind::array));
  require(found.type == DataType::f64, "an attribute is of another type");
  std::vector<double> all(found.length);
  if (!all.empty()) std::memcpy(all.data(), found.data, found.length * sizeof(double));
  return all;
}

std::string_view Frame::bytes(std::string_view name) const {
  const auto& found = *static_cast<const Array*>(attribute(name, AttributeKind::array));
  require(found.type == DataType::u8, "an attribute is of another type");
  return {static_cast<const char*>(found.data), found.length};
}

bool told_version(const CallFrame& call) {
  for (Extension* e = call.extensions; e != nullptr; e = e->next) {
    if (e->kind != ExtensionKind::metadata) continue;
    check_version(call.api);
    require(e->size >= sizeof(MetadataExtension), "XLA's metadata are smaller than losskit knows");
    Metadata& asked = *reinterpret_cast<MetadataExtension*>(e)->metadata;
    require(asked.size >= offsetof(Metadata, traits) + sizeof asked.traits,
            "XLA's metadata are smaller than losskit knows them");
    // An older XLA refuses a newer handler than itself; what is used here it has too.
    const int minor = call.api->version.minor;
    asked.version = {sizeof(Version), nullptr, major_version,
                     minor < minor_version ? minor : minor_version};
    asked.traits = 0;
    return true;
  }
  return false;
}

Error* error(const CallFrame& call, Code code, const char* message) {
  NewError made{offsetof(NewError, code) + sizeof code, nullptr, message, code};
  return call.api->new_error(&made);
}

}  // namespace losskit::xla
