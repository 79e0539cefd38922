#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "weir/connector/csv.h"
#include "weir/format/schema.h"

namespace weir {

/// One row of CSV without a line break, for a struct with WEIR_FIELDS. A message has no header: its
/// columns are the fields of T, in order. Ignores CsvOptions::header and columns.
template <detail::StructWithFields T>
class CsvFormat final : public Format<T> {
 public:
  explicit CsvFormat(CsvOptions options = {}) : row_(options), options_(std::move(options)) {
    row_.set_columns(detail::field_names_of<T>());
  }

  StatusOr<T> deserialize(std::string_view message) override {
    row_.parse(message);
    T record = row_.ok() ? read_csv_row<T>(row_) : T{};
    if (!row_.ok()) return invalid_argument(row_.problem());
    return record;
  }
  Status serialize(const T& record, std::string& out) override {
    append_csv_row(out, record, options_);
    return {};
  }
  Status check() const override { return detail::check_time_format(options_.time_format); }

 private:
  CsvRow row_;
  const CsvOptions options_;
};

}  // namespace weir
