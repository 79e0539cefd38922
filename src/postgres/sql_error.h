#pragma once

#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir::postgres {

/// An error that the server or libpq reported.
struct SqlError {
  std::string state;    ///< SQLSTATE, 5 characters; empty: the connection failed
  std::string message;  ///< one line
  std::string detail;   ///< may be empty
};

/// UNAVAILABLE: a repetition may succeed. `tried` is a verb and its object, such as "write rows
/// with 'INSERT …'"; `server` names the server, the database and the user.
Status status_of(const SqlError& error, std::string_view tried, std::string_view server);

/// The beginning of a statement, in one line, for messages.
std::string shortened(std::string_view statement);

}  // namespace weir::postgres
