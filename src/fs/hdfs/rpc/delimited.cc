#include "fs/hdfs/rpc/delimited.h"

#include <google/protobuf/message_lite.h>

namespace weir {
namespace {

constexpr size_t kPrefixBytesMax = 5;  // lengths are below 2^31

/// The varint at the front of `bytes`; its own size, 0 if it is cut off, or SIZE_MAX if it is too
/// long.
size_t read_varint(std::string_view bytes, uint64_t* value) {
  *value = 0;
  for (size_t i = 0; i < bytes.size() && i < kPrefixBytesMax; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    *value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) return *value > INT32_MAX ? SIZE_MAX : i + 1;
  }
  return bytes.size() < kPrefixBytesMax ? 0 : SIZE_MAX;
}

}  // namespace

void append_length(size_t length, std::string* to) {
  for (; length >= 0x80; length >>= 7) to->push_back(static_cast<char>((length & 0x7F) | 0x80));
  to->push_back(static_cast<char>(length));
}

size_t length_size(std::string_view bytes) {
  uint64_t size = 0;
  return read_varint(bytes, &size);
}

void append_delimited(const google::protobuf::MessageLite& message, std::string* to) {
  append_length(message.ByteSizeLong(), to);
  message.AppendToString(to);
}

bool parse_message(std::string_view bytes, google::protobuf::MessageLite* message) {
  return message->ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
         message->IsInitialized();
}

bool take_delimited(std::string_view* bytes, google::protobuf::MessageLite* message) {
  uint64_t size = 0;
  const size_t prefix = read_varint(*bytes, &size);
  if (prefix == 0 || prefix == SIZE_MAX || size > bytes->size() - prefix) return false;
  bytes->remove_prefix(prefix);
  const std::string_view body = bytes->substr(0, size);
  bytes->remove_prefix(size);
  return parse_message(body, message);
}

size_t delimited_size(std::string_view bytes) {
  uint64_t size = 0;
  const size_t prefix = read_varint(bytes, &size);
  return prefix == 0 || prefix == SIZE_MAX ? prefix : prefix + size;
}

void append_be32(uint32_t value, std::string* to) {
  for (int shift = 24; shift >= 0; shift -= 8) to->push_back(static_cast<char>(value >> shift));
}

uint32_t read_be32(const char* bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace weir
