#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/hosted_state.h"
#include "flink/chain_protocol.h"
#include "runtime/operator_chain.h"

namespace weir {

/// Restores a chain's state from Flink: elements before the chain is opened, key groups afterwards,
/// piece by piece.
class HostedRestore {
 public:
  /// `vertex` outlives it. `ignore_unclaimed`: state of operators that the chain no longer has is
  /// dropped instead of refused.
  HostedRestore(const JobVertex& vertex, bool ignore_unclaimed)
      : vertex_(vertex), ignore_unclaimed_(ignore_unclaimed) {}

  Status add_element(std::string_view bytes);
  /// Weir's checkpoint id in the headers; nullopt without a header.
  std::optional<CheckpointId> checkpoint() const { return checkpoint_; }
  std::vector<std::string> take_splits() { return std::move(splits_); }
  /// For OperatorChain::open().
  std::vector<OperatorLists> take_lists();

  Status add_group_piece(const GroupPiece& piece, OperatorChain& chain, KeyGroupRange range);
  /// True while the last piece of a group is missing.
  bool within_group() const { return group_ >= 0; }

 private:
  Status add(HostedListElement element);
  Status read_group(int group, std::string_view blob, OperatorChain& chain);
  Status read_part(int group, const HostedGroupPart& part, OperatorChain& chain);
  const OperatorStateDescription* describe(const HostedGroupPart& part) const;
  std::optional<size_t> index_of(const OperatorId& id) const;

  const JobVertex& vertex_;
  const bool ignore_unclaimed_;
  std::map<int32_t, HostedHeader> headers_;
  std::optional<CheckpointId> checkpoint_;
  std::vector<std::string> splits_;
  std::map<OperatorId, OperatorLists> lists_;
  std::map<OperatorId, int32_t> begun_;  ///< the types of the last begin_restore() call
  int group_ = -1;
  std::string blob_;  ///< the received part of group_
};

}  // namespace weir
