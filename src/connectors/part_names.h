#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

// The names of a FileSink's files, all in one directory:
//
//   .part-<sink>-<run>-<subtask>-<attempt>-<n>.inprogress
//     while the file is written, and until its checkpoint is complete
//   part-<subtask>-<checkpoint>-<run>-<attempt>
//     afterwards
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
  int subtask = 0;
  int64_t checkpoint_id = 0;  ///< INT64_MAX: "final"
  uint32_t run = 0;
  uint32_t attempt = 0;
};
std::string to_string(const PartName& name);
std::optional<PartName> parse_part_name(std::string_view name);

/// The hash for <sink>.
uint32_t sink_hash(std::string_view uid);
/// The hash of a run's or an attempt's nonce, for one sink.
uint32_t run_hash(std::string_view uid, uint64_t nonce);

/// The committable that a FileSink's writer passes to its committer. For an epoch without records
/// the names are empty, and it only tells which run it belongs to.
struct PartCommittable {
  uint32_t run = 0;
  std::string hidden;  ///< names within the directory
  std::string part;
  int64_t length = 0;

  std::string encode() const;
  static StatusOr<PartCommittable> decode(std::string_view bytes);
};

}  // namespace weir
