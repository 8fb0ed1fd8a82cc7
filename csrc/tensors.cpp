#include "tensors.hpp"

#include <array>
#include <memory>
#include <utility>

#include "memory.hpp"

namespace losskit {

namespace nb = nanobind;

namespace {

constexpr std::uint32_t known_version = 1;
constexpr std::int32_t processor = 1;  // kDLCPU

// The types whose objects are tensors. They are never forgotten.
struct Known {
  PyTypeObject* type;
  const Exchange* exchange;
};
std::array<Known, 8> known;
std::size_t known_count = 0;

[[noreturn]] void fail() {
  if (!PyErr_Occurred()) PyErr_SetString(PyExc_RuntimeError, "a tensor could not be made");
  throw nb::python_error();
}

nb::object as_object(const Exchange& exchange, Managed* managed) {
  void* made = nullptr;
  if (exchange.object(managed, &made) != 0) fail();
  return nb::steal(static_cast<PyObject*>(made));
}

// A managed tensor in kept memory, with its shape behind it.
struct Large {
  Managed managed;
  std::array<std::int64_t, 2 * 32> numbers;
};

Managed* in_kept_memory(const nb::dlpack::dltensor& like, std::int64_t bytes) {
  const Memory memory = large_memory(bytes);
  if (memory.data == nullptr) return nullptr;
  auto made = std::make_unique<Large>();
  std::int64_t step = 1;
  for (int k = like.ndim - 1; k >= 0; --k) {
    made->numbers[k] = like.shape[k];
    made->numbers[32 + k] = step;
    step *= like.shape[k];
  }
  Managed& m = made->managed;
  m.version = {known_version, 0};
  m.context = memory.owner;
  m.deleter = [](Managed* managed) {
    give_back(managed->context);
    delete reinterpret_cast<Large*>(managed);
  };
  m.flags = 0;
  m.tensor = like;
  m.tensor.data = memory.data;
  m.tensor.device = {processor, 0};
  m.tensor.shape = made->numbers.data();
  m.tensor.strides = made->numbers.data() + 32;
  m.tensor.byte_offset = 0;
  return &made.release()->managed;
}

Managed* allocated(const Exchange& exchange, const nb::dlpack::dltensor& like) {
  nb::dlpack::dltensor wanted = like;
  wanted.device = {processor, 0};
  Managed* made = nullptr;
  const auto said = [](void*, const char*, const char* message) {
    PyErr_SetString(PyExc_MemoryError, message);
  };
  if (exchange.allocate(&wanted, &made, nullptr, said) != 0) fail();
  return made;
}

}  // namespace

bool read_tensors(nb::type_object type) {
  auto* const of_type = reinterpret_cast<PyTypeObject*>(type.ptr());
  for (std::size_t k = 0; k < known_count; ++k)
    if (known[k].type == of_type) return true;
  constexpr const char* name = "__dlpack_c_exchange_api__";
  if (known_count == known.size() || !nb::hasattr(type, name)) return false;
  const nb::object capsule = type.attr(name);
  const auto* exchange =
      static_cast<const Exchange*>(PyCapsule_GetPointer(capsule.ptr(), "dlpack_exchange_api"));
  if (exchange == nullptr) throw nb::python_error();
  if (exchange->header.major != known_version || exchange->view == nullptr) return false;
  type.inc_ref();
  known[known_count++] = {of_type, exchange};
  return true;
}

const Exchange* exchange_of(nb::handle object) {
  const PyTypeObject* type = Py_TYPE(object.ptr());
  for (std::size_t k = 0; k < known_count; ++k)
    if (known[k].type == type) return known[k].exchange;
  return nullptr;
}

nb::object new_tensor(const Exchange& exchange, const nb::dlpack::dltensor& like) {
  std::int64_t bytes = like.dtype.bits / 8;
  for (int k = 0; k < like.ndim; ++k) bytes *= like.shape[k];
  Managed* made = bytes >= large_result ? in_kept_memory(like, bytes) : nullptr;
  return as_object(exchange, made != nullptr ? made : allocated(exchange, like));
}

nb::object number_as_tensor(const Exchange& exchange, double number, bool wide) {
  nb::dlpack::dltensor like;
  std::int64_t none = 0;
  like.dtype = {static_cast<std::uint8_t>(nb::dlpack::dtype_code::Float),
                static_cast<std::uint8_t>(wide ? 64 : 32), 1};
  like.shape = like.strides = &none;
  Managed* made = allocated(exchange, like);
  if (wide)
    *static_cast<double*>(made->tensor.data) = number;
  else
    *static_cast<float*>(made->tensor.data) = static_cast<float>(number);
  return as_object(exchange, made);
}

}  // namespace losskit
