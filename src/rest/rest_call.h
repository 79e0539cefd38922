#pragma once

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "rest/json.h"
#include "rest/metric_queries.h"
#include "rest/rest_api.h"

namespace weir {

/// A request and what it is about.
struct RestApi::Call {
  const RestRequest& request;
  std::vector<std::string> parts;  ///< of the path
  std::shared_ptr<const JobSnapshot> job;

  size_t size() const { return parts.size(); }
  const std::string& at(size_t i) const { return parts[i]; }
  /// Whether it is a GET of this path. "*" stands for any part.
  bool gets(std::initializer_list<std::string_view> path) const {
    return request.method == "GET" && is(path);
  }
  bool posts(std::initializer_list<std::string_view> path) const {
    return request.method == "POST" && is(path);
  }
  bool is(std::initializer_list<std::string_view> path) const {
    return std::equal(path.begin(), path.end(), parts.begin(), parts.end(),
                      [](std::string_view a, const std::string& b) { return a == "*" || a == b; });
  }
  /// A parameter of the query; empty: not there.
  std::string text(const char* name) const {
    const auto found = request.query.find(name);
    return found == request.query.end() ? "" : found->second;
  }
  std::vector<std::string> list(const char* name) const { return rest::listed(text(name)); }
};

namespace rest {

inline RestReply reply(const Json& body, int status = 200) { return {status, body.text()}; }
inline RestReply error(int status, const std::string& sentence) {
  return reply({{"errors", Json::array({sentence})}}, status);
}
inline bool is_id(const std::string& text) { return Id128::from_hex(text).ok(); }

}  // namespace rest
}  // namespace weir
