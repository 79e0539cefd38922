#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

// The names of a FileSink's files:
//
//   .part-<sink>-<run>-<subtask>-<attempt>-<n>.inprogress
//     in the directory of the sink, while the file is written, and until its checkpoint is complete
//   <bucket>/<prefix>-<subtask>-<checkpoint>-<run>-<attempt>[-n<number>]<suffix>
//     afterwards. <number> counts the files of a bucket that a subtask ended before the checkpoint,
//     and is left out for the first one. <prefix> is usually "part".
//
// <sink> and <run> are 8 hex digits, <attempt> is 16 in hidden names and 8 in final ones,
// <checkpoint> is decimal with at least 6 digits or "final". <sink> is a hash of the operator's
// uid. <run> stays the same from a fresh start through all restores, and no other start has it, so
// files of other runs and jobs are recognized. Hidden names of older versions have no <run>.

struct HiddenName {
  uint32_t sink = 0;
  std::optional<uint32_t> run;
  int subtask = 0;
  uint64_t attempt = 0;
  uint64_t number = 0;
};
std::string to_string(const HiddenName& name);
std::optional<HiddenName> parse_hidden_name(std::string_view name);

struct PartName {
  std::string prefix = "part";
  int subtask = 0;
  int64_t checkpoint_id = 0;  ///< INT64_MAX: "final"
  uint32_t run = 0;
  uint32_t attempt = 0;
  uint32_t number = 0;
  std::string suffix = {};
};
std::string to_string(const PartName& name);
/// Accepts any prefix and suffix, because they may change between two starts of a job.
std::optional<PartName> parse_part_name(std::string_view name);

inline constexpr int kMaxBucketDepth = 8;
/// INVALID_ARGUMENT unless `bucket` is empty or a path below the directory of the sink that a
/// FileSource would read: its parts are not empty and do not begin with '.' or '_'.
Status check_bucket(std::string_view bucket);

/// The hash for <sink>.
uint32_t sink_hash(std::string_view uid);
/// The hash of a run's or an attempt's nonce, for one sink.
uint32_t run_hash(std::string_view uid, uint64_t nonce);

/// The committable that a FileSink's writer passes to its committer. For an epoch without records
/// the names are empty, and it only tells which run it belongs to.
struct PartCommittable {
  uint32_t run = 0;
  std::string hidden;  ///< name within the directory
  std::string part;    ///< name within the bucket
  int64_t length = 0;
  std::string bucket = {};

  std::string encode() const;
  static StatusOr<PartCommittable> decode(std::string_view bytes);
};

}  // namespace weir
