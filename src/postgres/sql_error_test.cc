#include "postgres/sql_error.h"

#include <gtest/gtest.h>

namespace weir::postgres {
namespace {

StatusCode code_of(const std::string& state) {
  return status_of({.state = state, .message = "m", .detail = ""}, "write", "db").code();
}

TEST(SqlError, IsRepeatedOnlyIfThatMayHelp) {
  for (const char* state : {"", "08006", "40001", "40P01", "53300", "55P03", "57P01", "57014"})
    EXPECT_EQ(code_of(state), StatusCode::kUnavailable) << state;
  for (const char* state : {"42P01", "42703", "23505", "23502", "3D000", "25006", "P0001"})
    EXPECT_EQ(code_of(state), StatusCode::kFailedPrecondition) << state;
  for (const char* state : {"22P02", "42804", "42601"})
    EXPECT_EQ(code_of(state), StatusCode::kInvalidArgument) << state;
  for (const char* state : {"42501", "28P01"})
    EXPECT_EQ(code_of(state), StatusCode::kPermissionDenied) << state;
}

TEST(SqlError, IsASentence) {
  const SqlError error{.state = "42P01", .message = "relation \"t\" does not exist", .detail = ""};
  EXPECT_EQ(status_of(error, "prepare 'INSERT'", "db:5432").message(),
            "cannot prepare 'INSERT' at db:5432: relation \"t\" does not exist [42P01]: create the "
            "table, or name its schema");
}

TEST(SqlError, StatementsAreShortenedBetweenCharacters) {
  EXPECT_EQ(shortened(" SELECT\n  1 "), "SELECT 1 ");
  const std::string text = shortened(std::string(99, 'x') + "éé");
  EXPECT_EQ(text, std::string(99, 'x') + "…");
}

}  // namespace
}  // namespace weir::postgres
