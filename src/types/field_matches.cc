#include "types/field_matches.h"

#include <algorithm>
#include <string>

#include "weir/types/fields.h"

namespace weir {

FieldMatches match_fields(const TypeDescription& stored, const TypeDescription& declared) {
  FieldMatches matches;
  matches.stored_of.assign(declared.children.size(), -1);
  std::vector<bool> taken(stored.children.size(), false);
  const auto find = [&](const std::string& name) {
    const auto at = std::find(stored.field_names.begin(), stored.field_names.end(), name);
    return at == stored.field_names.end() ? -1 : static_cast<int>(at - stored.field_names.begin());
  };
  const auto match = [&](size_t field, const std::string& name) {
    const int found = find(name);
    if (found < 0 || matches.stored_of[field] >= 0 || taken[static_cast<size_t>(found)]) return;
    matches.stored_of[field] = found;
    taken[static_cast<size_t>(found)] = true;
  };

  std::vector<detail::ListedField> listed;
  if (declared.evolution != nullptr && declared.evolution->field_list != nullptr)
    listed = detail::split_field_list(declared.evolution->field_list);
  for (size_t i = 0; i < listed.size() && i < declared.children.size(); ++i) {
    if (find(listed[i].name) >= 0) continue;
    for (const std::string& former : listed[i].former) match(i, former);
  }
  for (size_t i = 0; i < declared.children.size(); ++i) match(i, declared.field_names[i]);
  for (size_t i = 0; i < taken.size(); ++i) {
    if (!taken[i]) matches.dropped.push_back(i);
  }
  return matches;
}

}  // namespace weir
