#pragma once

#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include "weir/format/schema.h"
#include "weir/types/bytes.h"
#include "weir/types/serializer.h"
#include "weir/types/type_description.h"

namespace weir {

namespace detail {
/// A class that protoc has generated, for the full or the lite runtime. weir itself needs neither:
/// the program links the runtime of its own classes.
template <class T>
concept ProtobufMessage =
    std::default_initializable<T> && std::copyable<T> &&
    requires(T& message, const T& constant, const void* data, int size, std::string* out) {
      { message.ParsePartialFromArray(data, size) } -> std::convertible_to<bool>;
      { constant.AppendPartialToString(out) } -> std::convertible_to<bool>;
      { constant.IsInitialized() } -> std::convertible_to<bool>;
      { constant.InitializationErrorString() } -> std::convertible_to<std::string>;
      { constant.GetTypeName() } -> std::convertible_to<std::string>;
      { constant.ByteSizeLong() } -> std::convertible_to<size_t>;
    };

/// The most bytes of a message: protobuf counts them with an int.
inline constexpr size_t kMaxProtobufBytes = std::numeric_limits<int>::max();

template <ProtobufMessage T>
bool parse_protobuf(std::string_view bytes, T& message) {
  return bytes.size() <= kMaxProtobufBytes &&
         message.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()));
}
}  // namespace detail

/// Protocol Buffers: T is a class that protoc has generated from the .proto file.
///
///   KafkaSource<shop::Click>::builder().value_format(ProtobufFormat<shop::Click>())…
///
/// Fields that T does not know are kept and written again, and fields that a message lacks have
/// their default values, as everywhere in Protocol Buffers. Bytes that are no message, and a
/// message without a field that is `required`, are malformed.
template <class T>
class ProtobufFormat final : public Format<T> {
  static_assert(detail::ProtobufMessage<T>,
                "T must be a class that protoc has generated: include its .pb.h");

 public:
  StatusOr<T> deserialize(std::string_view message) override {
    T record;
    if (!detail::parse_protobuf(message, record))
      return invalid_argument("these " + std::to_string(message.size()) + " bytes are no message " +
                              record.GetTypeName() + ": they are damaged, or of another format");
    if (!record.IsInitialized()) return incomplete(record);
    return record;
  }
  Status serialize(const T& record, std::string& out) override {
    if (!record.IsInitialized()) return incomplete(record);
    if (record.ByteSizeLong() > detail::kMaxProtobufBytes || !record.AppendPartialToString(&out))
      return invalid_argument("a message " + record.GetTypeName() + " has more than 2 GiB");
    return {};
  }

 private:
  static Status incomplete(const T& record) {
    return invalid_argument(
        "a message " + record.GetTypeName() +
        " lacks fields that are required: " + record.InitializationErrorString());
  }
};

/// Generated classes can be records of streams, and values in state. They cannot be keys, because
/// equal messages may have different bytes: use a field.
template <detail::ProtobufMessage T>
struct UserSerializer<T> {
  static void write(BinaryWriter& out, const T& message) {
    std::string bytes;
    if (message.ByteSizeLong() > detail::kMaxProtobufBytes ||
        !message.AppendPartialToString(&bytes))
      detail::throw_too_long(message.ByteSizeLong(), "bytes", detail::kMaxProtobufBytes);
    out.put_raw(bytes);
  }
  static void read(BinaryReader& in, T& message) {
    if (!detail::parse_protobuf(in.get_raw(in.remaining()), message))
      in.fail("bytes that are no message of Protocol Buffers");
  }
  static TypeDescription describe() {
    TypeDescription type;
    type.kind = TypeKind::kUser;
    type.name = "protobuf " + std::string(T().GetTypeName());
    return type;
  }
};

}  // namespace weir
