#include "fs/s3/s3_signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "base/strings.h"

namespace weir {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr size_t kDateLength = 8;

std::string digest(const EVP_MD* kind, std::string_view bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_Digest(bytes.data(), bytes.size(), out, &length, kind, nullptr);
  return {reinterpret_cast<const char*>(out), length};
}

std::string hmac(std::string_view key, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &length);
  return {reinterpret_cast<const char*>(out), length};
}

/// Trims a value and joins runs of spaces, as the canonical form has it.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : trim(value)) {
    if (c != ' ' || out.empty() || out.back() != ' ') out += c;
  }
  return out;
}

int digits(std::string_view text, size_t at, size_t count) {
  int value = -1;
  if (at + count > text.size()) return -1;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + count, value);
  return error == std::errc() && end == text.data() + at + count ? value : -1;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) { return to_hex(digest(EVP_sha256(), bytes)); }
std::string md5_hex(std::string_view bytes) { return to_hex(digest(EVP_md5(), bytes)); }

std::string from_hex(std::string_view text) {
  std::string bytes;
  if (text.size() % 2 != 0) return {};
  for (size_t i = 0; i < text.size(); i += 2) {
    unsigned int value = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    if (error != std::errc() || end != text.data() + i + 2) return {};
    bytes += static_cast<char>(value);
  }
  return bytes;
}

std::string s3_encode(std::string_view text, bool keep_slashes) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain || (c == '/' && keep_slashes)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string s3_query(S3Parameters query) {
  for (auto& [name, value] : query) {
    name = s3_encode(name, false);
    value = s3_encode(value, false);
  }
  std::sort(query.begin(), query.end());
  std::string text;
  for (const auto& [name, value] : query) text += cat(text.empty() ? "" : "&", name, "=", value);
  return text;
}

std::string amz_date(int64_t wall_ms) {
  using namespace std::chrono;
  const sys_seconds at = floor<seconds>(sys_time<milliseconds>(milliseconds(wall_ms)));
  const sys_days day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(at - day);
  char text[32];
  std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text;
}

int64_t parse_iso_time(std::string_view text) {
  using namespace std::chrono;
  const bool shaped = text.size() >= 20 && text[4] == '-' && text[7] == '-' && text[10] == 'T' &&
                      text[13] == ':' && text[16] == ':' && text.back() == 'Z';
  if (!shaped) return -1;
  const int parts[] = {digits(text, 0, 4),  digits(text, 5, 2),  digits(text, 8, 2),
                       digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2)};
  if (std::any_of(std::begin(parts), std::end(parts), [](int part) { return part < 0; })) return -1;
  const year_month_day date(year(parts[0]), month(static_cast<unsigned>(parts[1])),
                            day(static_cast<unsigned>(parts[2])));
  if (!date.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 60) return -1;
  const auto at = sys_days(date) + hours(parts[3]) + minutes(parts[4]) + seconds(parts[5]);
  return duration_cast<milliseconds>(at.time_since_epoch()).count();
}

int64_t parse_http_time(std::string_view text) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT")) return -1;
  const size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return -1;
  const std::string number = cat(month / 3 + 101);
  return parse_iso_time(cat(text.substr(12, 4), "-", number.substr(1), "-", text.substr(5, 2), "T",
                            text.substr(17, 8), "Z"));
}

std::string s3_authorization(const S3SignedParts& parts, const S3SigningScope& scope,
                             const S3Credentials& credentials) {
  S3Parameters headers = parts.headers;
  std::sort(headers.begin(), headers.end());
  std::string lines;
  std::string names;
  for (const auto& [name, value] : headers) {
    lines += cat(name, ":", canonical_value(value), "\n");
    names += cat(names.empty() ? "" : ";", name);
  }
  const std::string canonical = cat(parts.method, "\n", parts.path, "\n", s3_query(parts.query),
                                    "\n", lines, "\n", names, "\n", parts.payload_sha256);
  const std::string day = scope.date.substr(0, kDateLength);
  const std::string where = cat(day, "/", scope.region, "/", scope.service, "/aws4_request");
  const std::string to_sign =
      cat(kAlgorithm, "\n", scope.date, "\n", where, "\n", sha256_hex(canonical));
  std::string key = hmac("AWS4" + credentials.secret_key, day);
  for (const std::string_view step :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")})
    key = hmac(key, step);
  return cat(kAlgorithm, " Credential=", credentials.access_key, "/", where,
             ",SignedHeaders=", names, ",Signature=", to_hex(hmac(key, to_sign)));
}

}  // namespace weir
