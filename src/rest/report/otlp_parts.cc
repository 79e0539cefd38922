#include "rest/report/otlp_parts.h"

#include "base/version.h"

namespace weir::rest {

std::string nanoseconds_of(int64_t ms) { return ms <= 0 ? "0" : std::to_string(ms) + "000000"; }

Json attributes_of(const std::vector<std::pair<std::string, std::string>>& variables) {
  Json list = Json::array();
  for (const auto& [name, value] : variables) {
    Json attribute = Json::object();
    attribute["key"] = name;
    attribute["value"]["stringValue"] = value;
    list.push_back(std::move(attribute));
  }
  return list;
}

Json resource_json(const OtlpService& service) {
  Json resource = Json::object();
  resource["attributes"] =
      attributes_of({{"service.name", service.name}, {"service.version", service.version}});
  return resource;
}

Json scope_json() {
  Json scope = Json::object();
  scope["name"] = "weir";
  scope["version"] = weir_version();
  return scope;
}

}  // namespace weir::rest
