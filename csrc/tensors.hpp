// Tensors as a library hands them to C: DLPack's exchange, from its version 1.2 on.
//
// A tensor is read in a few nanoseconds, where its way over NumPy takes a microsecond; results are
// made as the library's own.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>

namespace losskit {

// The structures of DLPack (dlpack.h, DLPackExchangeAPI), as far as they are needed here.
struct Managed {
  struct {
    std::uint32_t major, minor;
  } version;
  void* context;
  void (*deleter)(Managed*);
  std::uint64_t flags;
  nanobind::dlpack::dltensor tensor;
};
struct Exchange {
  struct {
    std::uint32_t major, minor;
    Exchange* previous;
  } header;
  int (*allocate)(nanobind::dlpack::dltensor* like, Managed** made, void* context,
                  void (*fail)(void* context, const char* kind, const char* message));
  int (*managed)(void* object, Managed** made);
  int (*object)(Managed* managed, void** made);
  int (*view)(void* object, nanobind::dlpack::dltensor* made);
  int (*stream)(std::int32_t device, std::int32_t number, void** made);
};

// Has objects of exactly this type be read as tensors from now on. False if the type's library does
// not hand them over.
bool read_tensors(nanobind::type_object type);

// Of an object's library, if it is of such a type; else null.
const Exchange* exchange_of(nanobind::handle object);

// A tensor of that library, not set to anything, with the dimensions and the kind of `like`. One
// that is large lies in memory that is kept from result to result.
nanobind::object new_tensor(const Exchange& exchange, const nanobind::dlpack::dltensor& like);

// A tensor of one number.
nanobind::object number_as_tensor(const Exchange& exchange, double number, bool wide);

}  // namespace losskit
