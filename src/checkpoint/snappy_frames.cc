#include "checkpoint/snappy_frames.h"

#include <snappy.h>

#include <algorithm>
#include <cstdint>

#include "base/crc32c.h"
#include "base/strings.h"

namespace weir {
namespace {

constexpr std::string_view kIdentifier("\xFF\x06\x00\x00sNaPpY", 10);
constexpr size_t kBlockBytes = 64 * 1024;
constexpr size_t kHeaderBytes = 4;    ///< of a chunk: its type and its length
constexpr size_t kChecksumBytes = 4;  ///< counted by that length

// Flink writes no other types, such as those that a reader may skip; one is thus damage.
constexpr uint8_t kCompressed = 0x00;
constexpr uint8_t kPlain = 0x01;
constexpr uint8_t kStreamIdentifier = 0xFF;

uint32_t masked_checksum(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xA282EAD8U;
}

void put_little_endian(std::string& out, size_t at, size_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) out[at + i] = static_cast<char>(value >> 8 * i);
}

uint32_t little_endian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// Why a chunk cannot be read; empty if it was appended to `out`.
std::string read_chunk(uint8_t type, std::string_view chunk, std::string* out) {
  if (type == kStreamIdentifier)
    return chunk == kIdentifier.substr(kHeaderBytes) ? "" : "its identifier is damaged";
  if (type != kCompressed && type != kPlain) return cat("its type ", int{type}, " is unknown");
  if (chunk.size() < kChecksumBytes) return "it has no checksum";
  const uint32_t checksum = little_endian(chunk.substr(0, kChecksumBytes));
  chunk.remove_prefix(kChecksumBytes);

  size_t length = chunk.size();
  if (type == kCompressed && !snappy::GetUncompressedLength(chunk.data(), chunk.size(), &length))
    return "it has no length";
  if (length > kBlockBytes)
    return cat("it is said to have ", length, " bytes of at most ", kBlockBytes);
  const size_t begin = out->size();
  if (type == kPlain) {
    out->append(chunk);
  } else {
    out->resize(begin + length);
    if (!snappy::RawUncompress(chunk.data(), chunk.size(), out->data() + begin))
      return "it cannot be decompressed";
  }
  if (masked_checksum(std::string_view(*out).substr(begin)) != checksum)
    return "its checksum is wrong";
  return "";
}

}  // namespace

void SnappyFrameWriter::add(std::string_view bytes) {
  while (!bytes.empty()) {
    if (block_.empty() && bytes.size() >= kBlockBytes) {
      put_chunk(bytes.substr(0, kBlockBytes));
      bytes.remove_prefix(kBlockBytes);
      continue;
    }
    const size_t part = std::min(kBlockBytes - block_.size(), bytes.size());
    block_.append(bytes.substr(0, part));
    bytes.remove_prefix(part);
    if (block_.size() < kBlockBytes) return;
    put_chunk(block_);
    block_.clear();
  }
}

void SnappyFrameWriter::finish() {
  if (!block_.empty()) put_chunk(block_);
  block_.clear();
  begun_ = false;
}

void SnappyFrameWriter::put_chunk(std::string_view bytes) {
  if (!begun_) out_.append(kIdentifier);
  begun_ = true;
  const size_t header = out_.size();
  const size_t data = header + kHeaderBytes + kChecksumBytes;
  out_.resize(data + snappy::MaxCompressedLength(bytes.size()));
  size_t length = 0;
  snappy::RawCompress(bytes.data(), bytes.size(), out_.data() + data, &length);
  const bool smaller = length < bytes.size();
  out_.resize(smaller ? data + length : data);
  if (!smaller) out_.append(bytes);
  out_[header] = static_cast<char>(smaller ? kCompressed : kPlain);
  put_little_endian(out_, header + 1, out_.size() - header - kHeaderBytes, kHeaderBytes - 1);
  put_little_endian(out_, header + kHeaderBytes, masked_checksum(bytes), kChecksumBytes);
}

Status read_snappy_frames(std::string_view frames, std::string* out) {
  if (!frames.empty() && !frames.starts_with(kIdentifier)) {
    return data_loss(cat(frames.size(),
                         " bytes that Snappy should have compressed do not begin with its "
                         "identifier"));
  }
  return read_snappy_chunks(frames, out);
}

Status read_snappy_chunks(std::string_view chunks, std::string* out) {
  const size_t size = chunks.size();
  const auto damaged = [&](const std::string& why) {
    return data_loss(cat("a chunk at byte ", size - chunks.size(), " of ", size,
                         " bytes that Snappy has compressed is damaged: ", why));
  };
  while (!chunks.empty()) {
    if (chunks.size() < kHeaderBytes) return damaged("it is cut off");
    const size_t length = little_endian(chunks.substr(1, kHeaderBytes - 1));
    if (chunks.size() - kHeaderBytes < length) {
      return damaged(
          cat("it has ", length, " bytes, of which ", chunks.size() - kHeaderBytes, " are there"));
    }
    const std::string why =
        read_chunk(static_cast<uint8_t>(chunks.front()), chunks.substr(kHeaderBytes, length), out);
    if (!why.empty()) return damaged(why);
    chunks.remove_prefix(kHeaderBytes + length);
  }
  return {};
}

}  // namespace weir
