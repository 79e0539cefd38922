#include "postgres/sql_error.h"

#include "base/strings.h"

namespace weir::postgres {
namespace {

struct Meaning {
  std::string_view state;  ///< or its first characters
  StatusCode code;
  std::string_view remedy;
};

/// The first match counts.
constexpr Meaning kMeanings[] = {
    {"40", StatusCode::kUnavailable, "it collided with another transaction"},
    {"55P03", StatusCode::kUnavailable, "another transaction holds a lock; who?"},
    {"57014", StatusCode::kUnavailable, "see statement_timeout of the server"},
    {"57", StatusCode::kUnavailable, "is the server stopping or starting?"},
    {"53", StatusCode::kUnavailable, "the server has too little of something"},
    {"08", StatusCode::kUnavailable, "is the server reachable?"},
    {"25P03", StatusCode::kUnavailable, "this process was paused"},
    {"25006", StatusCode::kFailedPrecondition,
     "this server only reads: name the primary, or set target_session_attrs=read-write"},
    {"42P01", StatusCode::kFailedPrecondition, "create the table, or name its schema"},
    {"42703", StatusCode::kFailedPrecondition, "add the column, or correct its name"},
    {"42501", StatusCode::kPermissionDenied, "grant it to the user"},
    {"42P10", StatusCode::kFailedPrecondition,
     "ON CONFLICT needs a primary key or a unique index of these columns"},
    {"42601", StatusCode::kInvalidArgument, "correct the statement"},
    {"42", StatusCode::kInvalidArgument, "correct the statement, or the table"},
    {"28", StatusCode::kPermissionDenied, "correct the user or the password; see pg_hba.conf"},
    {"3D000", StatusCode::kFailedPrecondition, "create the database, or correct dbname"},
    {"3F000", StatusCode::kFailedPrecondition, "create the schema, or correct its name"},
    {"22", StatusCode::kInvalidArgument, "the parameter does not fit its column"},
    {"23505", StatusCode::kFailedPrecondition,
     "the row exists: ON CONFLICT says what to do with it"},
    {"23", StatusCode::kFailedPrecondition, "the row violates a rule of its table"},
};

}  // namespace

Status status_of(const SqlError& error, std::string_view tried, std::string_view server) {
  std::string text = cat("cannot ", tried, " at ", server, ": ", error.message);
  if (!error.detail.empty()) text += cat(" (", error.detail, ")");
  if (error.state.empty()) return unavailable(cat(text, ": is the server running and reachable?"));
  for (const Meaning& meaning : kMeanings) {
    if (error.state.starts_with(meaning.state))
      return {meaning.code, cat(text, " [", error.state, "]: ", meaning.remedy)};
  }
  return failed_precondition(cat(text, " [", error.state,
                                 "]: the documentation of PostgreSQL "
                                 "explains the code"));
}

std::string shortened(std::string_view statement) {
  constexpr size_t kMax = 100;
  std::string line;
  for (const char c : statement) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space) line += c;
    else if (!line.empty() && line.back() != ' ') line += ' ';
  }
  if (line.size() <= kMax) return line;
  size_t end = kMax;  // not in the middle of a character
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  return line.substr(0, end) + "…";
}

}  // namespace weir::postgres
