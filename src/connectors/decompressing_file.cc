#include "connectors/decompressing_file.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "base/status_macros.h"
#include "base/strings.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

using std::string_view_literals::operator""sv;

constexpr int64_t kInputBytes = 256 << 10;
constexpr size_t kSkipBytes = 256 << 10;
constexpr std::string_view kGzipMagic = "\x1f\x8b"sv;
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd"sv;
/// Frames that need a larger window are refused: zstd would allocate it.
constexpr int kMaxZstdWindowLog = 27;

/// Decompresses a stream of bytes.
class Inflater {
 public:
  virtual ~Inflater() = default;
  virtual void restart() = 0;
  /// Consumes the front of `in` and fills the front of [out, out + size). Returns the number of
  /// bytes in `out`.
  virtual StatusOr<size_t> run(std::string_view& in, char* out, size_t size) = 0;
  /// True if the input may end here.
  virtual bool at_end() const = 0;
};

class GzipInflater final : public Inflater {
 public:
  GzipInflater() { WEIR_CHECK(inflateInit2(&stream_, 15 + 16) == Z_OK); }
  ~GzipInflater() override { inflateEnd(&stream_); }

  void restart() override {
    inflateReset(&stream_);
    between_ = first_ = true;
  }

  StatusOr<size_t> run(std::string_view& in, char* out, size_t size) override {
    if (between_) {
      // Some writers fill the last block of a device or tape with zeros.
      while (!first_ && in.starts_with('\0')) in.remove_prefix(1);
      if (in.empty()) return size_t{0};
      inflateReset(&stream_);
      between_ = first_ = false;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(size, 1 << 30));
    const uInt wanted = stream_.avail_out;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(in.size() - stream_.avail_in);
    if (result == Z_STREAM_END) between_ = true;
    else if (result != Z_OK && result != Z_BUF_ERROR)
      return data_loss(stream_.msg != nullptr ? stream_.msg : "inflate fails");
    return static_cast<size_t>(wanted - stream_.avail_out);
  }

  bool at_end() const override { return between_ && !first_; }

 private:
  z_stream stream_{};
  bool between_ = true;  ///< before the next member
  bool first_ = true;
};

class ZstdInflater final : public Inflater {
 public:
  ZstdInflater() : context_(ZSTD_createDCtx()) {
    WEIR_CHECK(context_ != nullptr);
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kMaxZstdWindowLog);
  }
  ~ZstdInflater() override { ZSTD_freeDCtx(context_); }

  void restart() override {
    ZSTD_DCtx_reset(context_, ZSTD_reset_session_only);
    left_ = 1;
  }
  StatusOr<size_t> run(std::string_view& in, char* out, size_t size) override {
    if (in.empty() && at_end()) return size_t{0};
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out, size, 0};
    left_ = ZSTD_decompressStream(context_, &to, &from);
    if (ZSTD_isError(left_) != 0) return data_loss(ZSTD_getErrorName(left_));
    in.remove_prefix(from.pos);
    return to.pos;
  }
  bool at_end() const override { return left_ == 0; }

 private:
  ZSTD_DCtx* const context_;
  size_t left_ = 1;  ///< 0 between two frames
};

class DecompressingFileImpl final : public DecompressingFile {
 public:
  DecompressingFileImpl(std::shared_ptr<ReadableFile> file, std::unique_ptr<Inflater> inflater,
                        std::string uri)
      : file_(std::move(file)), inflater_(std::move(inflater)), uri_(std::move(uri)) {}

  Status read_at(int64_t offset, int64_t length, std::string* out) override {
    out->clear();
    if (offset < position_) restart();
    std::string skipped(position_ < offset ? kSkipBytes : 0, '\0');
    while (position_ < offset && !ended_) {
      const auto count = static_cast<size_t>(std::min<int64_t>(kSkipBytes, offset - position_));
      WEIR_RETURN_IF_ERROR(fill(skipped.data(), count).status());
    }
    out->resize(static_cast<size_t>(length));
    size_t filled = 0;
    while (filled < out->size() && !ended_) {
      WEIR_ASSIGN_OR_RETURN(const size_t count, fill(out->data() + filled, out->size() - filled));
      filled += count;
    }
    out->resize(filled);
    return {};
  }
  int64_t size() const override { return ended_ ? position_ : kUnknownSize; }
  StatusOr<bool> being_written() override { return file_->being_written(); }

 private:
  void restart() {
    inflater_->restart();
    position_ = read_to_ = 0;
    input_.clear();
    rest_ = {};
    ended_ = false;
  }

  /// Decompresses up to `size` bytes. Returns 0 after progress without output, or at the end.
  StatusOr<size_t> fill(char* out, size_t size) {
    if (rest_.empty()) {
      WEIR_RETURN_IF_ERROR(file_->read_at(read_to_, kInputBytes, &input_));
      read_to_ += static_cast<int64_t>(input_.size());
      rest_ = input_;
    }
    const bool no_more = rest_.empty();
    const auto filled = inflater_->run(rest_, out, size);
    const int64_t at = read_to_ - static_cast<int64_t>(rest_.size());
    if (!filled.ok())
      return data_loss(cat(uri_, " is damaged: at byte ", at, " it cannot be decompressed (",
                           filled.status().message(), "). Restore the file from a copy"));
    position_ += static_cast<int64_t>(*filled);
    if (no_more && *filled == 0) {
      if (!inflater_->at_end())
        return data_loss(cat(uri_, " ends at byte ", at,
                             " in the middle of its compressed data: it is incomplete. Let writers "
                             "move files into the input when they are complete"));
      ended_ = true;
    }
    return *filled;
  }

  const std::shared_ptr<ReadableFile> file_;
  const std::unique_ptr<Inflater> inflater_;
  const std::string uri_;
  std::string input_;
  std::string_view rest_;  ///< of input_
  int64_t read_to_ = 0;    ///< offset in the compressed file
  int64_t position_ = 0;   ///< offset of the next decompressed byte
  bool ended_ = false;
};

}  // namespace

Compression compression_of(std::string_view head) {
  if (head.starts_with(kGzipMagic)) return Compression::kGzip;
  return head.starts_with(kZstdMagic) ? Compression::kZstd : Compression::kNone;
}

std::unique_ptr<DecompressingFile> make_decompressing_file(std::shared_ptr<ReadableFile> file,
                                                           Compression compression,
                                                           std::string uri) {
  std::unique_ptr<Inflater> inflater;
  if (compression == Compression::kGzip) inflater = std::make_unique<GzipInflater>();
  else inflater = std::make_unique<ZstdInflater>();
  return std::make_unique<DecompressingFileImpl>(std::move(file), std::move(inflater),
                                                 std::move(uri));
}

StatusOr<std::unique_ptr<ReadableFile>> open_decompressed(FileSystem& fs, const std::string& path,
                                                          const std::string& uri,
                                                          bool* compressed) {
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, fs.open(path));
  std::string head;
  WEIR_RETURN_IF_ERROR(file->read_at(0, static_cast<int64_t>(kZstdMagic.size()), &head));
  const Compression compression = compression_of(head);
  *compressed = compression != Compression::kNone;
  if (!*compressed) return file;
  return std::unique_ptr<ReadableFile>(make_decompressing_file(std::move(file), compression, uri));
}

}  // namespace weir
