#include "checkpoint/protocol/paths.h"

#include <xxhash.h>

#include <array>
#include <charconv>

#include "base/strings.h"

namespace weir {
namespace {

constexpr std::string_view kCheckpointPrefix = "chk-";
constexpr std::string_view kStartPrefix = "start-";
constexpr std::string_view kSharedPrefix = "../shared/";
constexpr std::string_view kDataPrefix = "data-";
constexpr size_t kNonceDigits = 16;

std::string nonce_hex(uint64_t nonce) {
  std::string digits(kNonceDigits, '0');
  for (size_t i = kNonceDigits; i-- > 0; nonce >>= 4) digits[i] = "0123456789abcdef"[nonce & 15];
  return digits;
}

/// Decimal digits without sign or leading zeros.
template <class Number>
std::optional<Number> parse_decimal(std::string_view digits) {
  if (digits.empty() || digits[0] < '0' || digits[0] > '9' ||
      (digits.size() > 1 && digits[0] == '0'))
    return std::nullopt;
  Number number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string job_directory_name(const JobId& job) { return job.to_hex(); }

std::string checkpoint_directory_name(CheckpointId id) { return cat(kCheckpointPrefix, id); }

std::optional<CheckpointId> parse_checkpoint_directory_name(std::string_view name) {
  if (!name.starts_with(kCheckpointPrefix)) return std::nullopt;
  const auto id = parse_decimal<CheckpointId>(name.substr(kCheckpointPrefix.size()));
  return id && *id >= 1 ? id : std::nullopt;
}

std::string start_record_name(int64_t start) { return cat(kStartPrefix, start); }

std::optional<int64_t> parse_start_record_name(std::string_view name) {
  if (!name.starts_with(kStartPrefix)) return std::nullopt;
  const auto start = parse_decimal<int64_t>(name.substr(kStartPrefix.size()));
  return start && *start >= 1 ? start : std::nullopt;
}

CoordinatorMark coordinator_mark(int64_t epoch, int64_t start) {
  const std::array<int64_t, 2> both = {epoch, start};
  return static_cast<CoordinatorMark>(XXH3_64bits(both.data(), sizeof both));
}

uint64_t data_file_nonce(CoordinatorMark mark, uint64_t random) {
  return (uint64_t{mark} << 32) | (random & 0xFFFFFFFF);
}

std::string data_file_name(const DataFileName& name) {
  return cat(kDataPrefix, name.process, '-', nonce_hex(name.nonce));
}

std::optional<DataFileName> parse_data_file_name(std::string_view name) {
  if (!name.starts_with(kDataPrefix)) return std::nullopt;
  name.remove_prefix(kDataPrefix.size());
  const size_t dash = name.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto process = parse_decimal<int>(name.substr(0, dash));
  const std::string_view hex = name.substr(dash + 1);
  if (!process || hex.size() != kNonceDigits ||
      hex.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return std::nullopt;
  }
  uint64_t nonce = 0;
  std::from_chars(hex.data(), hex.data() + hex.size(), nonce, 16);
  return DataFileName{*process, nonce};
}

std::string shared_file_name(const SharedFileName& name) {
  return cat(kDataPrefix, name.id, '-', name.file.process, '-', nonce_hex(name.file.nonce));
}

std::optional<SharedFileName> parse_shared_file_name(std::string_view name) {
  if (!name.starts_with(kDataPrefix)) return std::nullopt;
  const std::string_view rest = name.substr(kDataPrefix.size());
  const size_t dash = rest.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto id = parse_decimal<CheckpointId>(rest.substr(0, dash));
  const auto file = parse_data_file_name(cat(kDataPrefix, rest.substr(dash + 1)));
  if (!id || *id < 1 || !file) return std::nullopt;
  return SharedFileName{*id, *file};
}

std::string shared_reference(std::string_view name) { return cat(kSharedPrefix, name); }

std::optional<std::string_view> parse_shared_reference(std::string_view reference) {
  if (!reference.starts_with(kSharedPrefix)) return std::nullopt;
  reference.remove_prefix(kSharedPrefix.size());
  if (!parse_shared_file_name(reference)) return std::nullopt;
  return reference;
}

std::string metadata_temporary_name(uint64_t nonce) {
  return cat(kMetadataFile, ".inprogress-", nonce_hex(nonce));
}

bool is_plain_file_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.size() > 255) return false;
  for (const char c : name) {
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  }
  return true;
}

std::string_view snapshot_directory(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  if (path.size() > kMetadataFile.size() && path.ends_with(kMetadataFile) &&
      path[path.size() - kMetadataFile.size() - 1] == '/') {
    path.remove_suffix(kMetadataFile.size());
    while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  }
  return path;
}

}  // namespace weir
