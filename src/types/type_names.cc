#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/detail/types/serialize_scalars.h"
#include "weir/types/fields.h"

namespace weir::detail {

std::string type_name_in(std::string_view signature) {
  // GCC: "… [with T = shop::Color; std::string = …]", Clang: "… [T = shop::Color]".
  const size_t begin = signature.find("T = ");
  if (begin == std::string_view::npos) return std::string(signature);
  std::string_view name = signature.substr(begin + 4);
  name = name.substr(0, name.find_first_of(";]"));
  const size_t scope = name.rfind("::");
  return std::string(scope == std::string_view::npos ? name : name.substr(scope + 2));
}

std::string time_unit(int64_t numerator, int64_t denominator) {
  struct Unit {
    int64_t numerator, denominator;
    const char* name;
  };
  static constexpr Unit kUnits[] = {{1, 1000000000, "ns"}, {1, 1000000, "us"}, {1, 1000, "ms"},
                                    {1, 1, "s"},           {60, 1, "min"},     {3600, 1, "h"},
                                    {86400, 1, "d"}};
  for (const Unit& unit : kUnits) {
    if (unit.numerator == numerator && unit.denominator == denominator) return unit.name;
  }
  return std::to_string(numerator) + "/" + std::to_string(denominator) + " s";
}

std::vector<ListedField> split_field_list(std::string_view list) {
  std::vector<ListedField> fields;
  ListedField field;
  std::string word;
  bool in_parentheses = false;
  const auto end_word = [&] {
    if (field.name.empty()) field.name = std::move(word);
    else if (!word.empty()) field.former.push_back(std::move(word));
    word.clear();
  };
  const auto end_field = [&] {
    end_word();
    if (!field.name.empty()) fields.push_back(std::exchange(field, {}));
  };
  for (const char c : list) {
    if (c == '(') {
      word.clear();  // WEIR_FORMERLY
      in_parentheses = true;
    } else if (c == ')') {
      end_word();
      in_parentheses = false;
    } else if (c == ',') {
      if (in_parentheses) end_word();
      else end_field();
    } else if (c != ' ' && c != '\t' && c != '\n') {
      word += c;
    }
  }
  end_field();
  return fields;
}

std::vector<std::string> split_field_names(std::string_view names) {
  std::vector<std::string> result;
  for (ListedField& field : split_field_list(names)) result.push_back(std::move(field.name));
  return result;
}

}  // namespace weir::detail
