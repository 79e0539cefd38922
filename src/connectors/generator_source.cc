#include "weir/connector/generator_source.h"

#include <cmath>

#include "base/status_macros.h"

namespace weir::detail {
namespace {

/// More splits than subtasks, so that the job can later continue with more subtasks.
constexpr int kSplitsPerSubtask = 8;
constexpr int64_t kMaxBlock = 1024;

}  // namespace

std::string IndexSplit::encode() const {
  BinaryWriter out;
  out.put_i64(next);
  out.put_i64(block);
  out.put_i64(stride);
  return out.take();
}

StatusOr<IndexSplit> IndexSplit::decode(std::string_view bytes) {
  BinaryReader in(bytes);
  IndexSplit split;
  split.next = in.get_i64();
  split.block = in.get_i64();
  split.stride = in.get_i64();
  if (split.next < 0 || split.block < 1 || split.stride < 1)
    in.fail("an impossible range of indices");
  WEIR_RETURN_IF_ERROR(in.status("a split of a generator source"));
  return split;
}

std::vector<std::string> enumerate_index_splits(int parallelism, std::optional<int64_t> count,
                                                double rate) {
  const int64_t splits = int64_t{kSplitsPerSubtask} * parallelism;
  int64_t block = kMaxBlock;
  if (count) block = std::min(block, *count / (splits * 4));
  // Slow sources switch splits often, so that no subtask is far behind another.
  if (rate > 0) block = std::min(block, static_cast<int64_t>(rate / 50));
  block = std::max<int64_t>(1, block);
  std::vector<std::string> encoded;
  for (int64_t i = 0; i < splits; ++i)
    encoded.push_back(IndexSplit{.next = i * block, .block = block, .stride = splits}.encode());
  return encoded;
}

}  // namespace weir::detail
