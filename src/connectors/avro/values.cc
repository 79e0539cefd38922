#include "base/strings.h"
#include "weir/detail/format/avro_types.h"

namespace weir::detail {

bool read_avro_null(AvroInput&, const AvroPlan&, void*) { return true; }
bool write_avro_null(AvroOutput&, const AvroPlan&, const void*) { return true; }

bool read_avro_bool(AvroInput& in, const AvroPlan&, void* value) {
  return in.read_bool(*static_cast<bool*>(value));
}
bool write_avro_bool(AvroOutput& out, const AvroPlan&, const void* value) {
  out.put_bool(*static_cast<const bool*>(value));
  return true;
}

bool read_avro_float(AvroInput& in, const AvroPlan&, void* value) {
  return in.read_fixed(*static_cast<float*>(value));
}
bool write_avro_float(AvroOutput& out, const AvroPlan&, const void* value) {
  out.put_fixed(*static_cast<const float*>(value));
  return true;
}
bool read_avro_double(AvroInput& in, const AvroPlan&, void* value) {
  return in.read_fixed(*static_cast<double*>(value));
}
bool write_avro_double(AvroOutput& out, const AvroPlan&, const void* value) {
  out.put_fixed(*static_cast<const double*>(value));
  return true;
}

bool read_avro_string(AvroInput& in, const AvroPlan&, void* value) {
  std::string_view text;
  if (!in.read_text(text)) return false;
  static_cast<std::string*>(value)->assign(text);
  return true;
}
bool write_avro_string(AvroOutput& out, const AvroPlan&, const void* value) {
  return out.put_text(*static_cast<const std::string*>(value));
}

bool read_avro_record(AvroInput& in, const AvroPlan& plan, void* value) {
  if (!in.enter()) return false;
  for (const AvroPlan::Step& step : plan.steps) {
    void* const field = step.field != nullptr ? step.field(value) : nullptr;
    if (!step.plan->read(in, *step.plan, field)) [[unlikely]]
      return in.in_field(step.name);
  }
  in.leave();
  return true;
}
bool write_avro_record(AvroOutput& out, const AvroPlan& plan, const void* value) {
  if (!out.enter()) return false;
  for (const AvroPlan::Step& step : plan.steps) {
    // The field is only read.
    const void* const field =
        step.field != nullptr ? step.field(const_cast<void*>(value)) : nullptr;
    if (!step.plan->write(out, *step.plan, field)) [[unlikely]]
      return out.in_field(step.name);
  }
  out.leave();
  return true;
}

bool read_avro_long(AvroInput& in, const AvroPlan& plan, int64_t& value) {
  if (!in.read_long(value)) return false;
  return !plan.narrow || (value >= INT32_MIN && value <= INT32_MAX) ||
         in.fail(cat(value, " is no int of 32 bits, as which the schema has it"));
}
bool read_avro_integer(AvroInput& in, const AvroPlan& plan, int64_t min, uint64_t max,
                       int64_t& value) {
  if (!read_avro_long(in, plan, value)) return false;
  if (value >= min && (value < 0 || static_cast<uint64_t>(value) <= max)) return true;
  return in.fail(cat("expected an integer from ", min, " to ", max, ", found ", value));
}
bool fail_avro_too_large(AvroOutput& out, uint64_t value) {
  return out.fail(cat(value, " is more than a long of Avro holds"));
}

bool read_avro_ticks(AvroInput& in, const AvroPlan& plan, int64_t& ticks) {
  if (!read_avro_long(in, plan, ticks)) return false;
  if (plan.multiplier == plan.divisor) return true;
  const __int128 wide = static_cast<__int128>(ticks) * plan.multiplier;
  const __int128 floor =
      wide >= 0 ? wide / plan.divisor : -((plan.divisor - 1 - wide) / plan.divisor);
  if (floor < INT64_MIN || floor > INT64_MAX)
    return in.fail(cat("the time ", ticks, " of the message is outside of the field's range"));
  ticks = static_cast<int64_t>(floor);
  return true;
}
bool write_avro_ticks(AvroOutput& out, const AvroPlan& plan, int64_t ticks) {
  const __int128 wide = static_cast<__int128>(ticks) * plan.multiplier;
  const bool narrow = plan.narrow;
  if (wide < (narrow ? INT32_MIN : INT64_MIN) || wide > (narrow ? INT32_MAX : INT64_MAX))
    return out.fail(cat("the time ", ticks, " is outside of the range of the schema"));
  out.put_long(static_cast<int64_t>(wide));
  return true;
}

bool read_avro_symbol(AvroInput& in, const AvroPlan& plan, int64_t& value) {
  int64_t index = 0;
  if (!in.read_long(index)) return false;
  if (index < 0 || static_cast<uint64_t>(index) >= plan.numbers.size())
    return in.fail(cat("symbol ", index, " of an enum that has ", plan.numbers.size()));
  value = plan.numbers[static_cast<size_t>(index)];
  return value != kNoAvroSymbol ||
         in.fail(cat("the symbol ", plan.names[static_cast<size_t>(index)],
                     ", which AvroEnum does not list and for which it has no kDefault"));
}
bool write_avro_symbol(AvroOutput& out, const AvroPlan& plan, int64_t value) {
  for (size_t i = 0; i < plan.type->symbols.size(); ++i) {
    if (plan.type->symbols[i].value != value) continue;
    if (plan.numbers[i] < 0)
      return out.fail(cat("the schema lacks the symbol ", plan.type->symbols[i].name));
    out.put_long(plan.numbers[i]);
    return true;
  }
  return out.fail(cat("AvroEnum names no symbol for the value ", value));
}

}  // namespace weir::detail
