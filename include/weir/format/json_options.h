#pragma once

#include <string>

namespace weir {

/// How a JsonFormat reads and writes.
struct JsonOptions {
  /// Keys that the struct does not list are skipped, as by Flink's JSON format. Otherwise they make
  /// the record malformed.
  bool ignore_unknown_fields = true;
  /// A field that is missing or null keeps its default value. Otherwise only a std::optional may be
  /// missing or null.
  bool allow_missing_fields = false;
  /// A field without a value is written as null. Otherwise it is left out.
  bool write_nulls = true;
  /// Format of points in time; see CsvOptions::time_format. Empty: ISO 8601.
  std::string time_format = {};
};

}  // namespace weir
