#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace google::protobuf {
class MessageLite;
}

namespace weir {

/// The form in which Hadoop puts messages into its frames: the length as a varint, then the
/// message.
void append_length(size_t length, std::string* to);
void append_delimited(const google::protobuf::MessageLite& message, std::string* to);

/// False if the bytes are not a whole message. Unlike the library's own function, it writes nothing
/// to standard error.
bool parse_message(std::string_view bytes, google::protobuf::MessageLite* message);

/// Reads a message at the front of `bytes` and removes it. False if the bytes are not one.
bool take_delimited(std::string_view* bytes, google::protobuf::MessageLite* message);

/// The length of the delimited message at the front of `bytes`, its prefix included; 0 if more
/// bytes are needed to tell, and SIZE_MAX if no message begins so.
size_t delimited_size(std::string_view bytes);

/// The size of the length at the front of a delimited message; 0 if it is cut off, SIZE_MAX if it
/// is too long.
size_t length_size(std::string_view bytes);

/// Integers in network order.
void append_be32(uint32_t value, std::string* to);
uint32_t read_be32(const char* bytes);

}  // namespace weir
