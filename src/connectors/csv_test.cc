#include "weir/connector/csv.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

struct Departure {
  std::string carrier;
  std::optional<double> delay;
  int64_t flight = 0;
  bool canceled = false;
  std::chrono::sys_time<std::chrono::milliseconds> at;
  WEIR_FIELDS(Departure, carrier, delay, flight, canceled, at)
};

CsvRow row_of(std::string_view line, std::vector<std::string> columns, CsvOptions options = {}) {
  CsvRow row(std::move(options));
  row.set_columns(std::move(columns));
  row.parse(line);
  return row;
}

std::vector<std::string> fields_of(std::string_view line) {
  CsvRow row({});
  row.parse(line);
  std::vector<std::string> fields;
  for (size_t i = 0; i < row.size(); ++i) fields.emplace_back(row.text(i));
  if (!row.ok()) fields.push_back("problem: " + row.problem());
  return fields;
}
using Fields = std::vector<std::string>;

TEST(CsvRow, SplitsFields) {
  EXPECT_EQ(fields_of("a,b,c"), (Fields{"a", "b", "c"}));
  EXPECT_EQ(fields_of("a,,"), (Fields{"a", "", ""}));
  EXPECT_EQ(fields_of(""), (Fields{""}));
  EXPECT_EQ(fields_of(R"("a,b",c)"), (Fields{"a,b", "c"}));
  EXPECT_EQ(fields_of(R"("he said ""no""","""",x"y)"), (Fields{R"(he said "no")", "\"", "x\"y"}));
  EXPECT_EQ(fields_of(R"("""a""b""","c""")"), (Fields{R"("a"b")", "c\""}));
  EXPECT_EQ(fields_of("\"\",x"), (Fields{"", "x"}));
}

TEST(CsvRow, NamesTheErrorInARow) {
  EXPECT_NE(fields_of("\"a").back().find("problem: a quoted field does not end on its line"),
            std::string::npos);
  EXPECT_NE(fields_of("\"a\"b,c").back().find("problem: after the quoted field 1 comes 'b'"),
            std::string::npos);
  EXPECT_EQ(row_of("1,2", {"a"}).problem(), "it has 2 fields, but there are 1 columns");
}

TEST(CsvRow, ConvertsByColumnName) {
  CsvRow row = row_of("UA,NA,1545,2.5,true", {"carrier", "delay", "flight", "distance", "late"});
  EXPECT_EQ(row.get<double>("distance"), 2.5);
  EXPECT_EQ(row.get<std::string>("carrier"), "UA");
  EXPECT_EQ(row.get<std::optional<int>>("delay"), std::nullopt);
  EXPECT_EQ(row.get<std::optional<int>>("flight"), 1545);
  EXPECT_TRUE(row.get<bool>("late"));
  EXPECT_TRUE(row.ok());
  EXPECT_EQ(row.get<int>("delay"), 0);
  EXPECT_EQ(row.problem(), "'NA' in column 'delay' is not of the type asked for");
}

TEST(CsvRow, QuotedNullIsAValue) {
  CsvRow row = row_of(R"("NA",NA)", {"a", "b"});
  EXPECT_EQ(row.get<std::optional<std::string>>("a"), "NA");
  EXPECT_EQ(row.get<std::optional<std::string>>("b"), std::nullopt);
}

TEST(CsvRow, UnknownColumnIsNotAnErrorOfTheRow) {
  CsvRow row = row_of("1", {"a"});
  EXPECT_EQ(row.get<int>("b"), 0);
  EXPECT_TRUE(row.unknown_column());
  EXPECT_EQ(row.problem(), "there is no column 'b'; the columns are: a");
}

TEST(CsvRow, FindsColumnsInAnyOrderInEachRow) {
  CsvRow row({});
  row.set_columns({"a", "b", "c"});
  row.parse("1,2,3");
  EXPECT_EQ(row.get<int>("a"), 1);
  EXPECT_EQ(row.get<int>("b"), 2);
  row.parse("4,5,6");
  EXPECT_EQ(row.get<int>("a"), 4);
  EXPECT_EQ(row.get<int>("c"), 6);
  EXPECT_EQ(row.get<int>("b"), 5);
  row.parse("7,8,9");
  EXPECT_EQ(row.get<int>("b"), 8);
}

TEST(CsvRow, StructsAreReadAndWrittenByTheirFields) {
  CsvRow row = row_of("2013-01-01T10:00:00Z,UA,NA,7,false",
                      {"at", "carrier", "delay", "flight", "canceled"});
  Departure departure = read_csv_row<Departure>(row);
  EXPECT_TRUE(row.ok()) << row.problem();
  std::string out;
  append_csv_row(out, departure);
  EXPECT_EQ(out, "UA,,7,false,2013-01-01T10:00:00Z");
  departure.carrier = "a \"b\", c";
  departure.delay = 0.1;
  out.clear();
  append_csv_row(out, departure, {.separator = ';'});
  EXPECT_EQ(out, R"("a ""b"", c";0.1;7;false;2013-01-01T10:00:00Z)");
}

TEST(CsvRow, ValueThatLooksLikeNullIsQuoted) {
  struct Text {
    std::optional<std::string> a;
    std::string b;
    std::optional<int> c;
    WEIR_FIELDS(Text, a, b, c)
  };
  std::string out;
  append_csv_row(out, Text{"NA", "", 7});
  EXPECT_EQ(out, "\"NA\",\"\",7");
  out.clear();
  append_csv_row(out, Text{"", "NA", {}});
  EXPECT_EQ(out, "\"\",\"NA\",");
  out.clear();
  append_csv_row(out, Text{"-", "x", 7}, {.nulls = {"-", "7"}});
  EXPECT_EQ(out, "\"-\",x,\"7\"");
}

TEST(Timestamps, AreReadAndWrittenAsIso8601) {
  EXPECT_EQ(parse_timestamp("1970-01-01"), 0);
  EXPECT_EQ(parse_timestamp("2013-01-01T10:00:00Z"), 1357034400000);
  EXPECT_EQ(parse_timestamp("2013-01-01 10:00"), 1357034400000);
  EXPECT_EQ(parse_timestamp("2013-01-01T12:00:00.25+02:00"), 1357034400250);
  EXPECT_EQ(parse_timestamp("1969-12-31T23:59:59.999Z"), -1);
  for (const char* bad : {"", "2013", "2013-02-29", "2013-01-01T25:00:00Z", "2013-01-01T10:00:00X",
                          "2013-01-01T10:00:00.Z", "NA", "2013-1-1"}) {
    EXPECT_EQ(parse_timestamp(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(format_timestamp(1357034400000), "2013-01-01T10:00:00Z");
  EXPECT_EQ(format_timestamp(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(parse_timestamp("9999-12-31T23:59:59-01:00"), 253402304399000);
  EXPECT_EQ(format_timestamp(253402304399000), "+10000-01-01T00:59:59Z");
  for (const Timestamp ms : {INT64_MIN, INT64_MIN + 1, INT64_MAX, Timestamp{-62167219200001},
                             Timestamp{253402304399000}}) {
    EXPECT_EQ(parse_timestamp(format_timestamp(ms)), ms) << format_timestamp(ms);
  }
  EXPECT_EQ(parse_timestamp("+292278995-01-01"), std::nullopt);  // out of range
}

using Seconds = std::chrono::sys_seconds;
using Nanos = std::chrono::sys_time<std::chrono::nanoseconds>;

template <class Point>
std::optional<Point> read_time(std::string_view text, std::string format) {
  CsvRow row({.time_format = std::move(format)});
  row.set_columns({"at"});
  row.parse(text);
  const Point point = row.get<Point>("at");
  return row.ok() ? std::optional(point) : std::nullopt;
}

TEST(Timestamps, AreReadInTheConfiguredFormat) {
  const Seconds noon{std::chrono::seconds(1357041600)};  // 2013-01-01 12:00
  EXPECT_EQ(read_time<Seconds>("1/1/2013 12:00", "%d/%m/%Y %H:%M"), noon);
  EXPECT_EQ(read_time<Seconds>("20130101120000", "%Y%m%d%H%M%S"), noon);
  EXPECT_EQ(read_time<Seconds>("01-Jan-13 12:00 PM", "%d-%b-%y %I:%M %p"), noon);
  EXPECT_EQ(read_time<Seconds>("2013-01-01 14:00:00 +0200", "%F %T %z"), noon);
  EXPECT_EQ(read_time<Seconds>("1357041600", "%s"), noon);
  EXPECT_EQ(read_time<Nanos>("-0.000000001", "%s"), Nanos(std::chrono::nanoseconds(-1)));
  EXPECT_EQ(read_time<std::chrono::sys_days>("1969-12-31T23:59:59Z", ""),
            std::chrono::sys_days(std::chrono::days(-1)));
  EXPECT_EQ(read_time<Seconds>("2013-01-01 12:00", "%d/%m/%Y %H:%M"), std::nullopt);
  EXPECT_EQ(read_time<Seconds>("31/02/2013 12:00", "%d/%m/%Y %H:%M"), std::nullopt);
  EXPECT_EQ(read_time<Seconds>("01/02/2013 12:00 ", "%d/%m/%Y %H:%M"), std::nullopt);
  EXPECT_EQ(read_time<Nanos>("2500-01-01", ""), std::nullopt);  // out of range
}

TEST(Timestamps, AreWrittenInTheConfiguredFormat) {
  const Timestamp noon = 1357041600000;
  const auto written = [](Timestamp ms, const std::string& format) {
    std::string text;
    detail::append_time(text, detail::from_ticks(ms, 1, 1000), format);
    return text;
  };
  EXPECT_EQ(written(noon, "%d.%m.%y %I:%M %p, %b %%"), "01.01.13 12:00 PM, Jan %");
  EXPECT_EQ(written(noon - 1, "%s|%T|%R|%F %z"),
            "1357041599.999|11:59:59.999|11:59|2013-01-01 +0000");
  EXPECT_TRUE(detail::check_time_format("%F %T").ok());
  EXPECT_NE(
      detail::check_time_format("%Y-%q").message().find("holds '%q', which weir does not know"),
      std::string::npos);
  EXPECT_FALSE(detail::check_time_format("%Y %").ok());
}

}  // namespace
}  // namespace weir
