#pragma once

#include <cstdint>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>

#include "weir/time/timestamp.h"
#include "weir/types/serializer.h"

namespace weir {

/// A record and its timestamp (ms; kNoTimestamp if it has none).
template <class T>
struct TestRecord {
  T value;
  Timestamp timestamp = kNoTimestamp;
  bool operator==(const TestRecord&) const = default;
};

namespace detail {
std::string show_with_timestamp(std::string record, Timestamp timestamp);
std::string show_bytes(const std::string& bytes);
}  // namespace detail

/// Formats a record for messages: with operator<< if it has one, otherwise as the hexadecimal of
/// its bytes.
template <class T>
std::string show_record(const T& record) {
  if constexpr (requires(std::ostream& out) { out << record; }) {
    std::ostringstream text;
    text << record;
    return std::move(text).str();
  } else {
    static_assert(Serializable<T>,
                  "a record that a test compares or shows needs an operator<<, WEIR_FIELDS or a "
                  "weir::UserSerializer");
    BinaryWriter bytes;
    Serializer<T>::write(bytes, record);
    return detail::show_bytes(bytes.buffer());
  }
}

/// Prints "value @timestamp". GoogleTest uses it to show differences.
template <class T>
std::ostream& operator<<(std::ostream& out, const TestRecord<T>& record) {
  return out << detail::show_with_timestamp(show_record(record.value), record.timestamp);
}

/// The parallelism of a piece in a harness.
struct TestOptions {
  int parallelism = 1;
  int max_parallelism = 128;
};

}  // namespace weir
