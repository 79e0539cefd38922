#include "platform/transport.h"

#include <charconv>

#include "base/strings.h"

namespace weir {

std::string Address::to_string() const {
  return host.find(':') == std::string::npos ? cat(host, ":", port) : cat("[", host, "]:", port);
}

StatusOr<Address> Address::parse(const std::string& text) {
  const auto wrong = [&text] {
    return invalid_argument(
        cat("\"", text,
            "\" is not an address: expected host:port or [::1]:port, with a port from 0 to 65535"));
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return wrong();
  Address address;
  address.host = text.substr(0, colon);
  if (address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
    if (address.host.find(':') == std::string::npos) return wrong();
  } else if (address.host.find(':') != std::string::npos) {
    return wrong();
  }
  if (address.host.empty() || address.host.find_first_of("[]/ \t\r\n") != std::string::npos)
    return wrong();
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc() || rest != end || address.port < 0 || address.port > 65535)
    return wrong();
  return address;
}

}  // namespace weir
