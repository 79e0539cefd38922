#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "checkpoint/sidecar.h"
#include "weir/operator/operator.h"
#include "weir/status.h"
#include "weir/types/type_description.h"

namespace weir {

// The state of a chain as Flink stores it when it hosts the chain (docs/formats/flink_host.md,
// State): one blob per key group, and list elements. Pure. The input is untrusted: DATA_LOSS if it
// is malformed.

/// Name of the operator's list with mode split.
constexpr std::string_view kHostedSplitList = "weir-split";
/// Name of the operator's list with mode union.
constexpr std::string_view kHostedUnionList = "weir-union";
/// Name of the operator's broadcast state.
constexpr std::string_view kHostedBroadcastMap = "weir-broadcast";

/// The entries of one operator in a key group.
struct HostedGroupPart {
  OperatorId operator_id;
  int32_t types = 0;  ///< hosted_types() of the descriptions that it was written with
  /// As written by KeyedStateSnapshot::write_group(); points into the blob.
  std::string_view state;
};
/// Encodes the start of a group's blob; the states of the parts must follow in their order.
/// `lengths`: of the states. Parts with length 0 are left out. Does not use HostedGroupPart::state.
std::string encode_hosted_group_header(std::span<const HostedGroupPart> parts,
                                       std::span<const int64_t> lengths);
/// Encodes the blob of one key group; empty if no part has state. Parts without state are left out.
std::string encode_hosted_group(std::span<const HostedGroupPart> parts);
/// `blob` must not be empty and must outlive the parts.
StatusOr<std::vector<HostedGroupPart>> decode_hosted_group(std::string_view blob);

/// A split that has not been read from yet.
struct HostedSplit {
  std::string split;
  bool operator==(const HostedSplit&) const = default;
};
/// An element of one of an operator's lists.
struct HostedListElement {
  OperatorId operator_id;
  std::string list;
  ListStateMode mode = ListStateMode::kSplit;
  TypeDescription type;
  std::string element;
  bool operator==(const HostedListElement&) const = default;
};
/// The types in the keyed state of a chain's operators, and the id of weir's checkpoint that the
/// snapshot contains.
struct HostedHeader {
  CheckpointId checkpoint_id = 0;
  std::vector<OperatorStateDescription> operators;
  int32_t types = 0;  ///< set by decode_hosted_element(); the blobs' parts refer to it
  bool operator==(const HostedHeader&) const = default;
};
using HostedElement = std::variant<HostedSplit, HostedListElement, HostedHeader>;

std::string encode_hosted_element(const HostedElement& element);
/// FAILED_PRECONDITION: this version of weir does not know the kind of element.
StatusOr<HostedElement> decode_hosted_element(std::string_view bytes);

/// The number that identifies these descriptions in a blob.
int32_t hosted_types(const std::vector<OperatorStateDescription>& operators);

}  // namespace weir
