#include "types/conversion.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "types/compatibility.h"
#include "types/field_matches.h"
#include "weir/types/fields.h"

namespace weir {
namespace {

using Step = std::shared_ptr<const Conversion>;

/// Calls f(in, out), whose definition is a lambda of one of the rules below.
template <class F>
class ConversionBy final : public Conversion {
 public:
  explicit ConversionBy(F f) : f_(std::move(f)) {}
  void convert(BinaryReader& in, BinaryWriter& out) const override { f_(in, out); }

 private:
  const F f_;
};
template <class F>
ConversionPlan by(F f) {
  return {std::make_shared<ConversionBy<F>>(std::move(f)), {}, {}};
}

ConversionPlan refuse(std::string why) { return {nullptr, {}, std::move(why)}; }
ConversionPlan refuse(const TypeDescription& stored, const TypeDescription& declared) {
  return refuse("stored as " + stored.to_string() + ", declared as " + declared.to_string());
}

/// Appends the changes of a part. Returns whether the part can be converted; if not, `whole` is
/// refused because of it.
bool add_part(const std::string& part, ConversionPlan& its, ConversionPlan& whole) {
  for (const std::string& change : its.changes) whole.changes.push_back(part + ": " + change);
  if (its.refused) whole.refused = part + ": " + *its.refused;
  return !its.refused;
}

ConversionPlan copy(const TypeDescription& type) {
  return by([type](BinaryReader& in, BinaryWriter& out) {
    const size_t start = in.position();
    skip_value(type, in);
    if (!in.ok()) return;
    const size_t end = in.position();
    in.seek(start);
    out.put_raw(in.get_raw(end - start));
  });
}

bool is_integer(TypeKind kind) { return kind >= TypeKind::kInt8 && kind <= TypeKind::kUint64; }
bool is_unsigned(TypeKind kind) { return kind >= TypeKind::kUint8 && kind <= TypeKind::kUint64; }
/// 0 to 3 for 1 to 8 bytes.
int width_of(TypeKind kind) {
  return static_cast<int>(kind) -
         static_cast<int>(is_unsigned(kind) ? TypeKind::kUint8 : TypeKind::kInt8);
}
/// Whether every value of `from` is a value of `to`.
bool widens(TypeKind from, TypeKind to) {
  if (from == TypeKind::kFloat) return to == TypeKind::kDouble;
  return is_integer(from) && is_integer(to) && width_of(from) < width_of(to) &&
         (is_unsigned(from) || !is_unsigned(to));
}

int64_t read_integer(TypeKind kind, BinaryReader& in) {
  switch (kind) {
    case TypeKind::kInt8: return in.get_i8();
    case TypeKind::kInt16: return in.get_i16();
    case TypeKind::kInt32: return in.get_i32();
    case TypeKind::kUint8: return in.get_u8();
    case TypeKind::kUint16: return in.get_u16();
    default: return in.get_u32();
  }
}

ConversionPlan widen(TypeKind from, TypeKind to) {
  if (from == TypeKind::kFloat) {
    return by([](BinaryReader& in, BinaryWriter& out) {
      out.put_f64(static_cast<double>(in.get_f32()));
    });
  }
  return by([from, width = width_of(to)](BinaryReader& in, BinaryWriter& out) {
    const int64_t value = read_integer(from, in);
    if (width == 1) out.put_i16(static_cast<int16_t>(value));
    else if (width == 2) out.put_i32(static_cast<int32_t>(value));
    else out.put_i64(value);
  });
}

/// An i32 count and the elements.
ConversionPlan convert_elements(const TypeDescription& stored, const TypeDescription& declared) {
  ConversionPlan element = plan_conversion(stored.children[0], declared.children[0]);
  ConversionPlan plan = by([step = element.conversion](BinaryReader& in, BinaryWriter& out) {
    const size_t count = in.get_count(1);
    out.put_count(count);
    for (size_t i = 0; i < count && in.ok(); ++i) step->convert(in, out);
  });
  add_part("elements", element, plan);
  return plan;
}

ConversionPlan become_optional(const TypeDescription& stored, const TypeDescription& declared) {
  ConversionPlan value = plan_conversion(stored, declared.children[0]);
  if (value.refused) return refuse(stored, declared);
  ConversionPlan plan = by([step = value.conversion](BinaryReader& in, BinaryWriter& out) {
    out.put_i32(1);
    step->convert(in, out);
  });
  plan.changes = std::move(value.changes);
  plan.changes.push_back(stored.to_string() + " becomes " + declared.to_string());
  return plan;
}

/// `flags`: before each value there is a bool that says whether it is null.
ConversionPlan convert_map(const TypeDescription& stored, const TypeDescription& declared,
                           bool flags) {
  if (const auto why = why_incompatible(stored.children[0], declared.children[0]))
    return refuse("keys: " + *why);
  ConversionPlan key = copy(stored.children[0]);
  ConversionPlan value = plan_conversion(stored.children[1], declared.children[1]);
  ConversionPlan plan = by(
      [key = key.conversion, value = value.conversion, flags](BinaryReader& in, BinaryWriter& out) {
        const size_t count = in.get_count(2);
        out.put_count(count);
        for (size_t i = 0; i < count && in.ok(); ++i) {
          key->convert(in, out);
          const bool null = flags && in.get_bool();
          if (flags) out.put_bool(null);
          if (!null) value->convert(in, out);
        }
      });
  add_part("values", value, plan);
  return plan;
}

ConversionPlan convert_variant(const TypeDescription& stored, const TypeDescription& declared) {
  if (stored.children.size() > declared.children.size()) {
    return refuse("alternative " + std::to_string(declared.children.size()) +
                  ": stored, but not declared");
  }
  std::vector<Step> steps;
  ConversionPlan parts;
  for (size_t i = 0; i < stored.children.size(); ++i) {
    ConversionPlan its = plan_conversion(stored.children[i], declared.children[i]);
    if (!add_part("alternative " + std::to_string(i), its, parts)) return parts;
    steps.push_back(std::move(its.conversion));
  }
  for (size_t i = stored.children.size(); i < declared.children.size(); ++i)
    parts.changes.push_back("alternative " + std::to_string(i) + " is new");
  ConversionPlan plan = by([steps](BinaryReader& in, BinaryWriter& out) {
    const int32_t index = in.get_i32();
    if (index < 0 || static_cast<size_t>(index) >= steps.size())
      return in.fail("an alternative that the variant does not have");
    out.put_i32(index);
    detail::write_with_length(out, [&](BinaryWriter& o) {
      detail::read_with_length(
          in, [&](BinaryReader& i) { steps[static_cast<size_t>(index)]->convert(i, o); });
    });
  });
  plan.changes = std::move(parts.changes);
  return plan;
}

/// A field of the declared struct.
struct FieldStep {
  int stored = -1;            ///< index of the stored field; -1: it gets the default value
  Step step;                  ///< null for a default value
  std::string default_bytes;  ///< if there is no stored field
};

void convert_field(std::string_view bytes, const Conversion& step, BinaryReader& in,
                   BinaryWriter& out) {
  BinaryReader field(bytes);
  step.convert(field, out);
  field.expect_end();
  if (!field.ok()) in.fail("a malformed field");
}

/// Reads the stored fields in their order, and writes the declared ones in theirs.
void convert_fields(const std::vector<TypeDescription>& stored, const std::vector<FieldStep>& steps,
                    BinaryReader& in, BinaryWriter& out) {
  std::vector<std::string_view> fields;
  fields.reserve(stored.size());
  for (const TypeDescription& type : stored) {
    const size_t start = in.position();
    skip_value(type, in);
    if (!in.ok()) return;
    const size_t end = in.position();
    in.seek(start);
    fields.push_back(in.get_raw(end - start));
  }
  for (const FieldStep& field : steps) {
    if (field.stored < 0) out.put_raw(field.default_bytes);
    else convert_field(fields[static_cast<size_t>(field.stored)], *field.step, in, out);
  }
}

/// Adds or leaves out the length of a struct that has no form of a tuple.
ConversionPlan with_lengths(std::vector<TypeDescription> stored, std::vector<FieldStep> steps) {
  return by(
      [stored = std::move(stored), steps = std::move(steps)](BinaryReader& in, BinaryWriter& out) {
        const auto read = [&](BinaryWriter& o) {
          const auto all = [&](BinaryReader& i) { convert_fields(stored, steps, i, o); };
          if (detail::fits_flink_tuple(stored.size())) all(in);
          else detail::read_with_length(in, all);
        };
        if (detail::fits_flink_tuple(steps.size())) read(out);
        else detail::write_with_length(out, read);
      });
}

ConversionPlan convert_tuple(const TypeDescription& stored, const TypeDescription& declared) {
  if (stored.children.size() != declared.children.size() || stored.name != declared.name)
    return refuse(stored, declared);
  std::vector<FieldStep> steps;
  ConversionPlan parts;
  for (size_t i = 0; i < stored.children.size(); ++i) {
    ConversionPlan its = plan_conversion(stored.children[i], declared.children[i]);
    if (!add_part("field '" + std::to_string(i) + "'", its, parts)) return parts;
    steps.push_back({static_cast<int>(i), std::move(its.conversion), {}});
  }
  ConversionPlan plan = with_lengths(stored.children, std::move(steps));
  plan.changes = std::move(parts.changes);
  return plan;
}

ConversionPlan convert_struct(const TypeDescription& stored, const TypeDescription& declared) {
  const FieldMatches matches = match_fields(stored, declared);
  // Otherwise a mistaken type would silently replace all values by the default one.
  if (matches.dropped.size() == stored.children.size())
    return refuse("no stored field has the name of a declared one");
  ConversionPlan parts;
  std::vector<FieldStep> steps;
  for (size_t i = 0; i < declared.children.size(); ++i) {
    const std::string name = "field '" + declared.field_names[i] + "'";
    FieldStep& step = steps.emplace_back();
    step.stored = matches.stored_of[i];
    if (step.stored < 0) {
      if (declared.evolution == nullptr || declared.evolution->write_default == nullptr)
        return refuse(name + ": declared, but not stored, and its struct has no default value");
      BinaryWriter bytes;
      declared.evolution->write_default(i, bytes);
      step.default_bytes = bytes.take();
      parts.changes.push_back(name + " is new and gets its default value");
      continue;
    }
    const auto at = static_cast<size_t>(step.stored);
    if (stored.field_names[at] != declared.field_names[i])
      parts.changes.push_back(name + " had the name '" + stored.field_names[at] + "'");
    ConversionPlan its = plan_conversion(stored.children[at], declared.children[i]);
    if (!add_part(name, its, parts)) return parts;
    step.step = std::move(its.conversion);
  }
  for (const size_t i : matches.dropped)
    parts.changes.push_back("field '" + stored.field_names[i] + "' is dropped");
  ConversionPlan plan = with_lengths(stored.children, std::move(steps));
  plan.changes = std::move(parts.changes);
  return plan;
}

ConversionPlan convert_by_rules(const TypeDescription& stored, const TypeDescription& declared) {
  if (widens(stored.kind, declared.kind)) {
    ConversionPlan plan = widen(stored.kind, declared.kind);
    plan.changes = {stored.to_string() + " becomes " + declared.to_string()};
    return plan;
  }
  if (declared.kind == TypeKind::kOptional && stored.kind != TypeKind::kOptional)
    return become_optional(stored, declared);
  if (stored.kind != declared.kind || stored.fixed_size != declared.fixed_size)
    return refuse(stored, declared);
  switch (stored.kind) {
    case TypeKind::kEnum: return plan_conversion(stored.children[0], declared.children[0]);
    case TypeKind::kOptional:
    case TypeKind::kArray:
    case TypeKind::kList: return convert_elements(stored, declared);
    case TypeKind::kMap: return convert_map(stored, declared, /*flags=*/true);
    case TypeKind::kVariant: return convert_variant(stored, declared);
    case TypeKind::kTuple: return convert_tuple(stored, declared);
    case TypeKind::kStruct: return convert_struct(stored, declared);
    default: return refuse(stored, declared);
  }
}

ConversionPlan migrate(ConversionPlan to_older, const TypeMigration& migration,
                       const TypeDescription& declared) {
  ConversionPlan plan = by([step = to_older.conversion, convert = migration.convert](
                               BinaryReader& in, BinaryWriter& out) {
    BinaryWriter older;
    step->convert(in, older);
    if (!in.ok()) return;
    BinaryReader value(older.buffer());
    convert(value, out);
    value.expect_end();
    if (!value.ok()) in.fail("a value that its older type cannot read");
  });
  plan.changes = std::move(to_older.changes);
  plan.changes.push_back("migrate() makes " + declared.to_string());
  return plan;
}

/// Through a user's migrate(), if the older type that it takes is stored as such; or, if not
/// `exactly`, if a rule leads to it. It may itself be made from one that is older still.
std::optional<ConversionPlan> migrate_from_older(const TypeDescription& stored,
                                                 const TypeDescription& declared, bool exactly,
                                                 int max_steps = 16) {
  if (declared.evolution == nullptr || declared.evolution->migrations == nullptr || max_steps == 0)
    return std::nullopt;
  for (const TypeMigration& migration : declared.evolution->migrations()) {
    const TypeDescription older = migration.from();
    if (!why_incompatible(stored, older)) return migrate(copy(stored), migration, declared);
    if (!exactly && !stored.flink_only) {
      ConversionPlan plan = convert_by_rules(stored, older);
      if (!plan.refused) return migrate(std::move(plan), migration, declared);
    }
    if (auto plan = migrate_from_older(stored, older, exactly, max_steps - 1))
      return migrate(*std::move(plan), migration, declared);
  }
  return std::nullopt;
}

}  // namespace

ConversionPlan plan_conversion(const TypeDescription& stored, const TypeDescription& declared) {
  const auto why = why_incompatible(stored, declared);
  if (!why) return copy(stored);
  if (auto plan = migrate_from_older(stored, declared, /*exactly=*/true)) return *std::move(plan);
  // A type of Flink is known only by its layout.
  ConversionPlan plan = stored.flink_only ? refuse(*why) : convert_by_rules(stored, declared);
  if (!plan.refused) return plan;
  if (auto migrated = migrate_from_older(stored, declared, /*exactly=*/false))
    return *std::move(migrated);
  return plan;
}

ConversionPlan plan_broadcast_conversion(const TypeDescription& stored,
                                         const TypeDescription& declared) {
  if (stored.flink_only || stored.kind != TypeKind::kMap || declared.kind != TypeKind::kMap)
    return refuse(why_incompatible(stored, declared).value_or(""));
  return convert_map(stored, declared, /*flags=*/false);
}

}  // namespace weir
