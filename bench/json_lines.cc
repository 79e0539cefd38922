// JSON lines: how much of the parser's own speed does JsonFormat keep?
//
// Each line is a page view of 9 fields. Two readers go through the same lines alternately, and
// ratios are computed within a round: simdjson alone, which visits every value and makes no record,
// and JsonFormat. Then the format writes the records again.
//
//   json_lines [--lines N] [--rounds N]

#include <simdjson.h>
#include <weir/format/json_format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace {

struct Address {
  std::string city;
  int32_t zone = 0;
  WEIR_FIELDS(Address, city, zone)
};

struct View {
  int64_t id = 0;
  std::string user;
  std::string page;
  std::optional<int64_t> duration_ms;
  double score = 0;
  bool mobile = false;
  std::chrono::sys_time<std::chrono::milliseconds> at;
  Address address;
  std::vector<int32_t> tags;
  WEIR_FIELDS(View, id, user, page, duration_ms, score, mobile, at, address, tags)
};

std::vector<View> views_of(size_t count) {
  std::vector<View> views(count);
  for (size_t i = 0; i < count; ++i) {
    const auto n = static_cast<int64_t>(i * 2654435761u % 1000003);
    views[i] = {.id = static_cast<int64_t>(i),
                .user = "user-" + std::to_string(n),
                .page = "/shop/article/" + std::to_string(n % 977) + "?from=search",
                .duration_ms = n % 3 == 0 ? std::nullopt : std::optional<int64_t>(n),
                .score = static_cast<double>(n) / 1024,
                .mobile = n % 2 == 0,
                .at = std::chrono::sys_time<std::chrono::milliseconds>(
                    std::chrono::milliseconds(1'700'000'000'000 + n)),
                .address = {"Springfield", static_cast<int32_t>(n % 24)},
                .tags = {1, static_cast<int32_t>(n % 100), 3}};
  }
  return views;
}

void must(bool ok) {
  if (ok) return;
  std::fprintf(stderr, "a line cannot be read\n");
  std::exit(1);
}

namespace ondemand = simdjson::ondemand;

/// simdjson on a copy of the line with room behind it, which it needs.
class PaddedParser {
 public:
  ondemand::document& parse(const std::string& line) {
    if (buffer_.size() < line.size() + simdjson::SIMDJSON_PADDING)
      buffer_.resize(2 * line.size() + simdjson::SIMDJSON_PADDING);
    std::memcpy(buffer_.data(), line.data(), line.size());
    must(parser_.iterate(buffer_.data(), line.size(), buffer_.size()).get(document_) ==
         simdjson::SUCCESS);
    return document_;
  }

 private:
  ondemand::parser parser_;
  std::vector<char> buffer_;
  ondemand::document document_;
};

/// Visits every value, and adds up something that depends on all of them.
size_t visit(ondemand::value value) {
  switch (value.type().value()) {
    case ondemand::json_type::object: {
      size_t sum = 0;
      for (auto field : value.get_object()) sum += visit(field.value());
      return sum;
    }
    case ondemand::json_type::array: {
      size_t sum = 0;
      for (auto element : value.get_array()) sum += visit(element.value());
      return sum;
    }
    case ondemand::json_type::string: return value.get_string().value().size();
    case ondemand::json_type::number: return static_cast<size_t>(value.get_double().value());
    default: return value.is_null().value() ? 1 : 2;
  }
}

size_t parse_alone(const std::vector<std::string>& lines) {
  PaddedParser parser;
  size_t sum = 0;
  for (const std::string& line : lines) {
    for (auto field : parser.parse(line).get_object()) sum += visit(field.value());
  }
  return sum;
}

size_t read_by_format(const std::vector<std::string>& lines, std::vector<View>& views) {
  weir::JsonFormat<View> format;
  size_t sum = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    auto view = format.deserialize(lines[i]);
    must(view.ok());
    views[i % views.size()] = *std::move(view);
    sum += views[i % views.size()].user.size();
  }
  return sum;
}

size_t write_by_format(const std::vector<View>& views) {
  weir::JsonFormat<View> format;
  std::string out;
  size_t bytes = 0;
  for (const View& view : views) {
    out.clear();
    must(format.serialize(view, out).ok());
    bytes += out.size();
  }
  return bytes;
}

double ns_per_line(size_t lines, const std::function<size_t()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  volatile size_t sum = work();
  (void)sum;
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
  return time.count() / static_cast<double>(lines);
}

size_t number_of(int argc, char** argv, const char* name, size_t otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return std::strtoull(argv[i + 1], nullptr, 10);
  }
  return otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  const size_t count = number_of(argc, argv, "--lines", 200'000);
  const size_t rounds = number_of(argc, argv, "--rounds", 7);
  const std::vector<View> views = views_of(count);
  std::vector<std::string> lines(count);
  weir::JsonFormat<View> format;
  size_t bytes = 0;
  for (size_t i = 0; i < count; ++i) {
    must(format.serialize(views[i], lines[i]).ok());
    bytes += lines[i].size();
  }
  std::vector<View> read(1024);
  std::vector<double> ratios;
  double parser_ns = 1e9, read_ns = 1e9, write_ns = 1e9;
  for (size_t round = 0; round < rounds; ++round) {
    const double alone = ns_per_line(count, [&] { return parse_alone(lines); });
    const double records = ns_per_line(count, [&] { return read_by_format(lines, read); });
    write_ns = std::min(write_ns, ns_per_line(count, [&] { return write_by_format(views); }));
    parser_ns = std::min(parser_ns, alone);
    read_ns = std::min(read_ns, records);
    ratios.push_back(alone / records);
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf(
      "%zu lines of %zu bytes: parser alone %.0f ns, into records %.0f ns, written %.0f ns\n",
      count, bytes / count, parser_ns, read_ns, write_ns);
  std::printf("records keep %.2f of the parser's speed (median of %zu rounds)\n",
              ratios[ratios.size() / 2], rounds);
}
