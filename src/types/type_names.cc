#include <string>
#include <string_view>
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

std::vector<std::string> split_field_names(std::string_view names) {
  std::vector<std::string> result;
  std::string name;
  for (const char c : names) {
    if (c == ',') {
      result.push_back(std::move(name));
      name.clear();
    } else if (c != ' ' && c != '\t' && c != '\n') {
      name += c;
    }
  }
  if (!name.empty()) result.push_back(std::move(name));
  return result;
}

}  // namespace weir::detail
