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

/// Gives a chain the state that Flink kept for it: elements before the chain is opened, key groups
/// afterwards, piece by piece.
class HostedRestore {
 public:
  /// `vertex` outlives it. `ignore_unclaimed`: state of operators that the chain no longer has is
  /// dropped instead of refused.
  HostedRestore(const JobVertex& vertex, bool ignore_unclaimed)
      : vertex_(vertex), ignore_unclaimed_(ignore_unclaimed) {}

  Status add_element(std::string_view bytes);
  /// Of weir's, as the headers name it; none without a header.
  std::optional<CheckpointId> checkpoint() const { return checkpoint_; }
  std::vector<std::string> take_splits() { return std::move(splits_); }
  /// For OperatorChain::open().
  std::vector<OperatorLists> take_lists();

  Status add_group_piece(const GroupPiece& piece, OperatorChain& chain, KeyGroupRange range);
  /// A group was begun and its last piece has not come.
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
  std::map<OperatorId, int32_t> begun_;  ///< the types with which begin_restore() was called last
  int group_ = -1;
  std::string blob_;  ///< of group_, as far as it has come
};

}  // namespace weir
