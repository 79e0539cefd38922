#include "fs/hdfs/security/token_file.h"

#include <cstdint>

#include "base/strings.h"
#include "fs/hdfs/rpc/delimited.h"
#include "fs/hdfs/rpc/hadoop.pb.h"

namespace weir {
namespace {

constexpr std::string_view kMagic = "HDTS";
constexpr char kWritables = 0, kProtobuf = 1;

/// Reads Hadoop's Writables. After something that cannot be read, everything is empty.
class Writables {
 public:
  explicit Writables(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }

  /// WritableUtils.readVLong; here only lengths and counts, which are not negative.
  size_t number() {
    const std::string_view first = take(1);
    if (first.empty()) return 0;
    const auto value = static_cast<signed char>(first[0]);
    if (value >= 0) return static_cast<size_t>(value);
    // -113 to -120: a positive number in 1 to 8 bytes.
    if (value > -113 || value < -120) return fail();
    uint64_t number = 0;
    for (const char byte : take(static_cast<size_t>(-112 - value)))
      number = number << 8 | static_cast<unsigned char>(byte);
    return number <= INT32_MAX ? static_cast<size_t>(number) : fail();
  }
  /// A Text, or bytes after their length.
  std::string text() { return std::string(take(number())); }

 private:
  size_t fail() {
    ok_ = false;
    bytes_ = {};
    return 0;
  }
  std::string_view take(size_t count) {
    if (count > bytes_.size()) fail();
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view bytes_;
  bool ok_ = true;
};

Status unreadable() {
  return invalid_argument("it is not a file of Hadoop's tokens, or it is damaged");
}

StatusOr<std::vector<HadoopToken>> parse_writables(std::string_view bytes) {
  Writables in(bytes);
  std::vector<HadoopToken> tokens;
  for (size_t left = in.number(); left > 0 && in.ok(); --left) {
    in.text();  // the alias
    HadoopToken token;
    token.identifier = in.text();
    token.password = in.text();
    token.kind = in.text();
    token.service = in.text();
    tokens.push_back(std::move(token));
  }
  for (size_t left = in.number(); left > 0 && in.ok(); --left) {
    in.text();
    in.text();
  }
  if (!in.ok() || !in.at_end()) return unreadable();
  return tokens;
}

StatusOr<std::vector<HadoopToken>> parse_protobuf(std::string_view bytes) {
  hadoop::Credentials credentials;
  if (!take_delimited(&bytes, &credentials) || !bytes.empty()) return unreadable();
  std::vector<HadoopToken> tokens;
  for (const auto& entry : credentials.tokens()) {
    const hadoop::Token& token = entry.token();
    tokens.push_back({token.identifier(), token.password(), token.kind(), token.service()});
  }
  return tokens;
}

}  // namespace

StatusOr<std::vector<HadoopToken>> parse_token_file(std::string_view bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() == kMagic.size()) return unreadable();
  const char version = bytes[kMagic.size()];
  bytes.remove_prefix(kMagic.size() + 1);
  if (version == kWritables) return parse_writables(bytes);
  if (version == kProtobuf) return parse_protobuf(bytes);
  return invalid_argument(
      cat("its format is ", static_cast<int>(version), ", and weir can read the formats 0 and 1"));
}

const HadoopToken* delegation_token_of(const std::vector<HadoopToken>& tokens,
                                       const std::vector<std::string>& services) {
  for (const std::string& service : services) {
    for (const HadoopToken& token : tokens) {
      if (token.kind == "HDFS_DELEGATION_TOKEN" && token.service == service) return &token;
    }
  }
  return nullptr;
}

std::string owner_of_token(std::string_view identifier) {
  if (!identifier.starts_with('\0')) return "";  // the version
  const std::string owner = Writables(identifier.substr(1)).text();
  return owner.substr(0, owner.find_first_of("/@"));
}

}  // namespace weir
