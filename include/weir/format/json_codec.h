#pragma once

#include "weir/format/json_reader.h"
#include "weir/format/json_writer.h"

namespace weir {

/// Converts values of T to JSON and back. weir/format/json_format.h lists the types that have one.
/// For your own:
///
///   template <> struct weir::JsonCodec<Money> {
///     static bool read(JsonReader& in, Money& value) {
///       std::string_view text;
///       if (!in.read_text(text)) return false;
///       return value.parse(text) || in.expected("an amount, such as \"3.50 EUR\"");
///     }
///     static bool write(JsonWriter& out, const Money& value) { return out.text(value.show()); }
///   };
///
/// read() gets a value-initialized T and reads exactly one value. Both return false after a failed
/// call of the reader or writer.
template <class T>
struct JsonCodec;

}  // namespace weir
