#include "connectors/part_names.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/status_macros.h"
#include "base/strings.h"
#include "weir/types/bytes.h"

namespace weir {
namespace {

constexpr std::string_view kHiddenPrefix = ".part-";
constexpr std::string_view kHiddenSuffix = ".inprogress";
constexpr size_t kMaxNameBytes = 255;
constexpr uint8_t kCommittableVersion = 2;
constexpr uint8_t kCommittableVersionWithoutBucket = 1;

std::string hex(uint64_t value, int digits) {
  char text[17];
  std::snprintf(text, sizeof text, "%0*llx", digits, static_cast<unsigned long long>(value));
  return text;
}

template <class N>
bool parse_number(std::string_view text, int base, N* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value, base);
  return error == std::errc() && end == text.data() + text.size();
}

/// FNV-1a.
uint64_t hash_bytes(std::string_view bytes, uint64_t hash = 0xcbf29ce484222325ull) {
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ull;
  return hash;
}

uint32_t fold(uint64_t hash) { return static_cast<uint32_t>(hash ^ (hash >> 32)); }

}  // namespace

std::string to_string(const HiddenName& name) {
  return cat(kHiddenPrefix, hex(name.sink, 8), "-",
             name.run ? hex(*name.run, 8) + "-" : std::string(), name.subtask, "-",
             hex(name.attempt, 16), "-", name.number, kHiddenSuffix);
}

std::optional<HiddenName> parse_hidden_name(std::string_view name) {
  if (!name.starts_with(kHiddenPrefix) || !name.ends_with(kHiddenSuffix)) return std::nullopt;
  if (name.size() < kHiddenPrefix.size() + kHiddenSuffix.size()) return std::nullopt;
  name.remove_prefix(kHiddenPrefix.size());
  name.remove_suffix(kHiddenSuffix.size());
  auto fields = split(name, '-');
  HiddenName parsed;
  if (fields.size() == 5) {
    if (fields[1].size() != 8 || !parse_number(fields[1], 16, &parsed.run.emplace()))
      return std::nullopt;
    fields.erase(fields.begin() + 1);
  }
  if (fields.size() != 4 || !parse_number(fields[0], 16, &parsed.sink) ||
      !parse_number(fields[1], 10, &parsed.subtask) ||
      !parse_number(fields[2], 16, &parsed.attempt) ||
      !parse_number(fields[3], 10, &parsed.number)) {
    return std::nullopt;
  }
  return parsed;
}

std::string to_string(const PartName& name) {
  char checkpoint[24] = "final";
  if (name.checkpoint_id != INT64_MAX)
    std::snprintf(checkpoint, sizeof checkpoint, "%06lld",
                  static_cast<long long>(name.checkpoint_id));
  return cat(name.prefix, '-', name.subtask, '-', checkpoint, '-', hex(name.run, 8), '-',
             hex(name.attempt, 8), name.number > 0 ? cat("-n", name.number) : std::string(),
             name.suffix);
}

std::optional<PartName> parse_part_name(std::string_view name) {
  PartName parsed;
  const size_t dot = std::min(name.find('.'), name.size());
  parsed.suffix = name.substr(dot);
  auto fields = split(name.substr(0, dot), '-');
  if (!fields.empty() && fields.back().starts_with('n')) {
    if (!parse_number(fields.back().substr(1), 10, &parsed.number)) return std::nullopt;
    fields.pop_back();
  }
  if (fields.size() < 5) return std::nullopt;
  const auto last = fields.end() - 4;
  if (!parse_number(last[0], 10, &parsed.subtask) || last[2].size() != 8 || last[3].size() != 8 ||
      !parse_number(last[2], 16, &parsed.run) || !parse_number(last[3], 16, &parsed.attempt))
    return std::nullopt;
  if (last[1] == "final") {
    parsed.checkpoint_id = INT64_MAX;
  } else if (last[1].size() < 6 || !parse_number(last[1], 10, &parsed.checkpoint_id) ||
             parsed.checkpoint_id < 0) {
    return std::nullopt;
  }
  parsed.prefix = name.substr(0, static_cast<size_t>(last[0].data() - name.data()) - 1);
  if (parsed.prefix.empty()) return std::nullopt;
  return parsed;
}

Status check_bucket(std::string_view bucket) {
  if (bucket.empty()) return {};
  const auto refuse = [&](std::string_view why) {
    return invalid_argument(cat("the bucket assigner returned the bucket '", bucket, "', ", why,
                                ". A bucket is a path below the directory of the sink, such as "
                                "2013-01-01 or country=fr/day=7"));
  };
  const auto parts = split(bucket, '/');
  if (parts.size() > static_cast<size_t>(kMaxBucketDepth))
    return refuse(cat("which has more than ", kMaxBucketDepth, " parts"));
  for (const std::string_view part : parts) {
    if (part.empty()) return refuse("of which a part is empty");
    if (part.starts_with('.') || part.starts_with('_'))
      return refuse("of which a part begins with '.' or '_', as the names of hidden files do");
    if (part.size() > kMaxNameBytes) return refuse("of which a part is longer than 255 bytes");
    for (const char c : part) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
        return refuse("which contains a control character");
    }
  }
  return {};
}

uint32_t sink_hash(std::string_view uid) { return fold(hash_bytes(uid)); }

uint32_t run_hash(std::string_view uid, uint64_t nonce) {
  BinaryWriter bytes;
  bytes.put_u64(nonce);
  return fold(hash_bytes(bytes.buffer(), hash_bytes(uid)));
}

namespace {

bool is_part_path(std::string_view bucket, std::string_view part) {
  return parse_part_name(part) && part.find('/') == std::string_view::npos &&
         !part.starts_with('.') && check_bucket(bucket).ok();
}

}  // namespace

std::string PartCommittable::encode() const {
  BinaryWriter out;
  out.put_u8(kCommittableVersion);
  out.put_u32(run);
  out.put_bytes(hidden);
  out.put_bytes(part);
  out.put_i64(length);
  out.put_bytes(bucket);
  return out.take();
}

StatusOr<PartCommittable> PartCommittable::decode(std::string_view bytes) {
  BinaryReader in(bytes);
  const uint8_t version = in.get_u8();
  if (version < kCommittableVersionWithoutBucket || version > kCommittableVersion)
    in.fail("an unknown version");
  PartCommittable decoded;
  decoded.run = in.get_u32();
  decoded.hidden = in.get_bytes();
  decoded.part = in.get_bytes();
  decoded.length = in.get_i64();
  if (version == kCommittableVersion) decoded.bucket = in.get_bytes();
  WEIR_RETURN_IF_ERROR(in.status("a file sink's committable"));
  // The names become paths, so only valid names are accepted.
  if (!decoded.hidden.empty() &&
      (!parse_hidden_name(decoded.hidden) || !is_part_path(decoded.bucket, decoded.part))) {
    return data_loss(cat("a file sink's committable names '", decoded.hidden, "', '",
                         decoded.bucket, "' and '", decoded.part, "', which no file sink writes"));
  }
  return decoded;
}

}  // namespace weir
