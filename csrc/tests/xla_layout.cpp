// Holds the declarations of csrc/xla.hpp against XLA's own header, which comes with jaxlib.
// Compiled by tests/test_jax_kernels.py; there is nothing to run.

#include "../xla.hpp"
#include "xla/ffi/api/c_api.h"

namespace xla = losskit::xla;

#define SAME_PLACE(Ours, field, Theirs, their_field)                                  \
  static_assert(offsetof(xla::Ours, field) == offsetof(Theirs, their_field));         \
  static_assert(sizeof(xla::Ours::field) == sizeof(Theirs::their_field));
#define SAME_NUMBER(ours, theirs) static_assert(static_cast<int>(xla::ours) == theirs);

SAME_NUMBER(major_version, XLA_FFI_API_MAJOR)

SAME_PLACE(Extension, size, XLA_FFI_Extension_Base, struct_size)
SAME_PLACE(Extension, kind, XLA_FFI_Extension_Base, type)
SAME_PLACE(Extension, next, XLA_FFI_Extension_Base, next)
SAME_NUMBER(ExtensionKind::metadata, XLA_FFI_Extension_Metadata)

static_assert(sizeof(xla::Version) == sizeof(XLA_FFI_Api_Version));
SAME_PLACE(Version, size, XLA_FFI_Api_Version, struct_size)
SAME_PLACE(Version, extensions, XLA_FFI_Api_Version, extension_start)
SAME_PLACE(Version, major, XLA_FFI_Api_Version, major_version)
SAME_PLACE(Version, minor, XLA_FFI_Api_Version, minor_version)

static_assert(sizeof(xla::NewError) == sizeof(XLA_FFI_Error_Create_Args));
SAME_PLACE(NewError, size, XLA_FFI_Error_Create_Args, struct_size)
SAME_PLACE(NewError, extensions, XLA_FFI_Error_Create_Args, extension_start)
SAME_PLACE(NewError, message, XLA_FFI_Error_Create_Args, message)
SAME_PLACE(NewError, code, XLA_FFI_Error_Create_Args, errc)
SAME_NUMBER(Code::invalid_argument, XLA_FFI_Error_Code_INVALID_ARGUMENT)
SAME_NUMBER(Code::resource_exhausted, XLA_FFI_Error_Code_RESOURCE_EXHAUSTED)
SAME_NUMBER(Code::failed_precondition, XLA_FFI_Error_Code_FAILED_PRECONDITION)
SAME_NUMBER(Code::internal, XLA_FFI_Error_Code_INTERNAL)

static_assert(sizeof(xla::Api) <= sizeof(XLA_FFI_Api));
SAME_PLACE(Api, size, XLA_FFI_Api, struct_size)
SAME_PLACE(Api, version, XLA_FFI_Api, api_version)
SAME_PLACE(Api, new_error, XLA_FFI_Api, XLA_FFI_Error_Create)

SAME_NUMBER(DataType::pred, XLA_FFI_DataType_PRED)
SAME_NUMBER(DataType::s8, XLA_FFI_DataType_S8)
SAME_NUMBER(DataType::s16, XLA_FFI_DataType_S16)
SAME_NUMBER(DataType::s32, XLA_FFI_DataType_S32)
SAME_NUMBER(DataType::s64, XLA_FFI_DataType_S64)
SAME_NUMBER(DataType::u8, XLA_FFI_DataType_U8)
SAME_NUMBER(DataType::u16, XLA_FFI_DataType_U16)
SAME_NUMBER(DataType::u32, XLA_FFI_DataType_U32)
SAME_NUMBER(DataType::u64, XLA_FFI_DataType_U64)
SAME_NUMBER(DataType::f16, XLA_FFI_DataType_F16)
SAME_NUMBER(DataType::f32, XLA_FFI_DataType_F32)
SAME_NUMBER(DataType::f64, XLA_FFI_DataType_F64)
SAME_NUMBER(DataType::bf16, XLA_FFI_DataType_BF16)

SAME_NUMBER(ValueKind::buffer, XLA_FFI_ArgType_BUFFER)
SAME_NUMBER(ValueKind::buffer, XLA_FFI_RetType_BUFFER)
static_assert(sizeof(xla::RawBuffer) == sizeof(XLA_FFI_Buffer));
SAME_PLACE(RawBuffer, size, XLA_FFI_Buffer, struct_size)
SAME_PLACE(RawBuffer, type, XLA_FFI_Buffer, dtype)
SAME_PLACE(RawBuffer, data, XLA_FFI_Buffer, data)
SAME_PLACE(RawBuffer, rank, XLA_FFI_Buffer, rank)
SAME_PLACE(RawBuffer, shape, XLA_FFI_Buffer, dims)

static_assert(sizeof(xla::Values) == sizeof(XLA_FFI_Args));
SAME_PLACE(Values, size, XLA_FFI_Args, struct_size)
SAME_PLACE(Values, count, XLA_FFI_Args, size)
SAME_PLACE(Values, kinds, XLA_FFI_Args, types)
SAME_PLACE(Values, values, XLA_FFI_Args, args)
static_assert(sizeof(xla::Values) == sizeof(XLA_FFI_Rets));
SAME_PLACE(Values, size, XLA_FFI_Rets, struct_size)
SAME_PLACE(Values, count, XLA_FFI_Rets, size)
SAME_PLACE(Values, kinds, XLA_FFI_Rets, types)
SAME_PLACE(Values, values, XLA_FFI_Rets, rets)

SAME_NUMBER(AttributeKind::array, XLA_FFI_AttrType_ARRAY)
SAME_NUMBER(AttributeKind::dictionary, XLA_FFI_AttrType_DICTIONARY)
SAME_NUMBER(AttributeKind::scalar, XLA_FFI_AttrType_SCALAR)
SAME_NUMBER(AttributeKind::string, XLA_FFI_AttrType_STRING)
SAME_PLACE(Text, data, XLA_FFI_ByteSpan, ptr)
SAME_PLACE(Text, length, XLA_FFI_ByteSpan, len)
SAME_PLACE(Scalar, type, XLA_FFI_Scalar, dtype)
SAME_PLACE(Scalar, value, XLA_FFI_Scalar, value)
SAME_PLACE(Array, type, XLA_FFI_Array, dtype)
SAME_PLACE(Array, length, XLA_FFI_Array, size)
SAME_PLACE(Array, data, XLA_FFI_Array, data)
static_assert(sizeof(xla::Attributes) == sizeof(XLA_FFI_Attrs));
SAME_PLACE(Attributes, size, XLA_FFI_Attrs, struct_size)
SAME_PLACE(Attributes, count, XLA_FFI_Attrs, size)
SAME_PLACE(Attributes, kinds, XLA_FFI_Attrs, types)
SAME_PLACE(Attributes, names, XLA_FFI_Attrs, names)
SAME_PLACE(Attributes, values, XLA_FFI_Attrs, attrs)

SAME_NUMBER(Stage::instantiate, XLA_FFI_ExecutionStage_INSTANTIATE)
SAME_NUMBER(Stage::prepare, XLA_FFI_ExecutionStage_PREPARE)
SAME_NUMBER(Stage::initialize, XLA_FFI_ExecutionStage_INITIALIZE)
SAME_NUMBER(Stage::execute, XLA_FFI_ExecutionStage_EXECUTE)
static_assert(sizeof(xla::CallFrame) == XLA_FFI_CallFrame_STRUCT_SIZE);
SAME_PLACE(CallFrame, size, XLA_FFI_CallFrame, struct_size)
SAME_PLACE(CallFrame, extensions, XLA_FFI_CallFrame, extension_start)
SAME_PLACE(CallFrame, api, XLA_FFI_CallFrame, api)
SAME_PLACE(CallFrame, context, XLA_FFI_CallFrame, ctx)
SAME_PLACE(CallFrame, stage, XLA_FFI_CallFrame, stage)
SAME_PLACE(CallFrame, arguments, XLA_FFI_CallFrame, args)
SAME_PLACE(CallFrame, results, XLA_FFI_CallFrame, rets)
SAME_PLACE(CallFrame, attributes, XLA_FFI_CallFrame, attrs)

SAME_PLACE(Metadata, size, XLA_FFI_Metadata, struct_size)
SAME_PLACE(Metadata, version, XLA_FFI_Metadata, api_version)
SAME_PLACE(Metadata, traits, XLA_FFI_Metadata, traits)
SAME_PLACE(MetadataExtension, base, XLA_FFI_Metadata_Extension, extension_base)
SAME_PLACE(MetadataExtension, metadata, XLA_FFI_Metadata_Extension, metadata)

