#include "postgres/ended_writers.h"

#include <charconv>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir::postgres {
namespace {

/// "12 text" as 12 and "text".
bool split_number(std::string_view name, int64_t& number, std::string& text) {
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end == name.data() + name.size() || *end != ' ') return false;
  text.assign(end + 1, name.data() + name.size());
  return true;
}

}  // namespace

Status begin_with_lock(Connection& connection, const std::string& table, bool exclusive) {
  const std::string tried = cat("lock the table ", table);
  WEIR_RETURN_IF_ERROR(connection.run("BEGIN", {}, tried).status());
  return connection
      .run(cat("LOCK TABLE ", table, " IN ", exclusive ? "SHARE ROW EXCLUSIVE" : "ROW EXCLUSIVE",
               " MODE"),
           {}, tried)
      .status();
}

std::vector<std::string> EndedWriters::encode() const {
  std::vector<std::string> names{sink, cat(restored, ' ', run), back ? "back" : "on"};
  for (const auto& [writer, epoch] : pending) names.push_back(cat(epoch, ' ', writer));
  return names;
}

StatusOr<EndedWriters> EndedWriters::decode(const std::vector<std::string>& names) {
  EndedWriters made;
  constexpr size_t kHead = 3;
  if (names.size() < kHead || !split_number(names[1], made.restored, made.run))
    return internal_error("the names of ended writers are damaged");
  made.sink = names[0];
  made.back = names[2] == "back";
  for (size_t i = kHead; i < names.size(); ++i) {
    int64_t epoch = 0;
    std::string writer;
    if (!split_number(names[i], epoch, writer))
      return internal_error("the names of ended writers are damaged");
    made.pending.emplace(std::move(writer), epoch);
  }
  return made;
}

Status EndedWriters::remove(Connection& connection, const std::string& table) const {
  const std::string tried = cat("remove rows of ended writers from ", table);
  WEIR_RETURN_IF_ERROR(begin_with_lock(connection, table, true).with_context(tried));
  // A row that decides for a writer whose rows are still to be written.
  for (const auto& [writer, epoch] : pending) {
    const std::string before = std::to_string(epoch - 1);
    WEIR_RETURN_IF_ERROR(
        connection
            .run(cat("INSERT INTO ", table,
                     " (sink, writer, epoch, run, rows) VALUES ($1, $2, $3, $4, 0) "
                     "ON CONFLICT (sink, writer) DO NOTHING"),
                 {sink.c_str(), writer.c_str(), before.c_str(), run.c_str()}, tried)
            .status());
  }
  const std::string all = cat(kRunPrefix, run);
  const std::string epoch = std::to_string(restored);
  WEIR_RETURN_IF_ERROR(
      connection
          .run(cat("INSERT INTO ", table,
                   " AS e (sink, writer, epoch, run, rows) VALUES ($1, $2, $3, $4, 0) "
                   "ON CONFLICT (sink, writer) DO UPDATE SET written_at = now(), epoch = ",
                   back ? "EXCLUDED.epoch" : "greatest(e.epoch, EXCLUDED.epoch)"),
               {sink.c_str(), all.c_str(), epoch.c_str(), run.c_str()}, tried)
          .status());
  std::string kept = cat("{", all);  // names of writers have no character that needs quotes
  for (const auto& [writer, first] : pending) kept += cat(',', writer);
  kept += '}';
  WEIR_RETURN_IF_ERROR(connection
                           .run(cat("DELETE FROM ", table,
                                    " WHERE sink = $1 AND run = $2 AND epoch <= $3 AND NOT "
                                    "(writer = ANY ($4::text[]))"),
                                {sink.c_str(), run.c_str(), epoch.c_str(), kept.c_str()}, tried)
                           .status());
  WEIR_ASSIGN_OR_RETURN(const auto done, connection.run("COMMIT", {}, tried));
  return done.tag == "COMMIT" ? Status() : unavailable(cat("cannot ", tried, ": ", done.tag));
}

}  // namespace weir::postgres
