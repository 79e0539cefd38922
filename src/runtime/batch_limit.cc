#include "runtime/batch_limit.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/strings.h"
#include "config/options.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {
constexpr size_t kMeasureEach = 16;  // records
constexpr size_t kStride = 7919;     // a prime, so that the measured position in a batch varies
}  // namespace

BatchLimit::BatchLimit(size_t records, size_t bytes, std::shared_ptr<const RecordCodec> codec)
    : records_(records),
      bytes_(bytes),
      codec_(std::move(codec)),
      full_(records),
      most_(std::numeric_limits<size_t>::max()) {
  WEIR_CHECK(records_ > 0);
}

void BatchLimit::measure(const Batch& batch) {
  if (!codec_ || batch.empty()) return;
  unmeasured_ += batch.size();
  if (record_bytes_ > 0 && unmeasured_ < kMeasureEach) return;
  unmeasured_ = 0;
  position_ += kStride;
  const size_t bytes = codec_->record_bytes(batch, position_ % batch.size());
  ++measured_;
  measured_bytes_ += bytes;
  record_bytes_ = std::max({bytes, record_bytes_ - record_bytes_ / 8, size_t{1}});
  most_ = std::max<size_t>(1, bytes_ / record_bytes_);
  full_ = std::min(records_, most_);
}

Status check_record_bytes(const Batch& batch, const RecordCodec* codec, size_t most) {
  if (codec == nullptr) return {};
  const size_t found = codec->find_larger(batch, most);
  if (found == batch.size()) return {};
  return failed_precondition(cat("a record of ", codec->record_bytes(batch, found),
                                 " bytes cannot be sent to the next task; at most ", most,
                                 " bytes (", options::kMaxRecordBytes.name,
                                 ") may: emit smaller records, or raise the limit"));
}

std::vector<std::unique_ptr<Batch>> split_batch(Batch& batch, size_t most) {
  const size_t count = batch.size();
  // The number of pieces must fit into `which`.
  most = std::max(most, count / std::numeric_limits<uint16_t>::max() + 1);
  std::vector<std::unique_ptr<Batch>> pieces;
  std::vector<Batch*> targets;
  std::vector<uint16_t> which(count);
  for (size_t i = 0; i < count; ++i) {
    if (i % most == 0) {
      pieces.push_back(batch.make_empty());
      targets.push_back(pieces.back().get());
    }
    which[i] = static_cast<uint16_t>(pieces.size() - 1);
  }
  batch.scatter(which.data(), targets.data());
  return pieces;
}

}  // namespace weir
