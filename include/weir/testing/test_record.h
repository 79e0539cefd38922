#pragma once

#include <cstdint>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>

#include "weir/time/timestamp.h"
#include "weir/types/serializer.h"

namespace weir {

/// A record of a test, and its timestamp.
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

/// A record as text, for messages: as operator<< writes it, else the hexadecimal of its bytes.
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

/// "value @timestamp". GoogleTest shows records that differ by it.
template <class T>
std::ostream& operator<<(std::ostream& out, const TestRecord<T>& record) {
  return out << detail::show_with_timestamp(show_record(record.value), record.timestamp);
}

/// How wide a harness runs a piece of a job.
struct TestOptions {
  int parallelism = 1;
  int max_parallelism = 128;
};

}  // namespace weir
