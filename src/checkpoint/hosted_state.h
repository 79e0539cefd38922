#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "checkpoint/sidecar.h"
#include "weir/detail/operator.h"
#include "weir/status.h"
#include "weir/type_description.h"

namespace weir {

// The state of a chain as Flink keeps it where it hosts the chain (docs/formats/flink_host.md,
// State): a blob for each key group and elements of lists. Pure. What is read here comes from
// outside: DATA_LOSS if it is malformed.

constexpr std::string_view kHostedSplitList =
    "weir-split";  ///< name of the operator's list in mode split
constexpr std::string_view kHostedUnionList = "weir-union";  ///< and in mode union

/// One operator's entries in a key group.
struct HostedGroupPart {
  OperatorId operator_id;
  int32_t types = 0;       ///< hosted_types() of the descriptions that it was written with
  std::string_view state;  ///< as KeyedStateSnapshot::write_group() wrote it; refers to the blob
};
/// The blob of one key group; empty if no part has state. Parts without state are left out.
std::string encode_hosted_group(std::span<const HostedGroupPart> parts);
/// `blob` is not empty and outlives the parts.
StatusOr<std::vector<HostedGroupPart>> decode_hosted_group(std::string_view blob);

/// A split that nobody has read from yet.
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
/// What the keyed state of a chain's operators is made of, and which checkpoint of weir's the
/// snapshot is.
struct HostedHeader {
  CheckpointId checkpoint_id = 0;
  std::vector<OperatorStateDescription> operators;
  int32_t types = 0;  ///< set by decode_hosted_element(); what the blobs' parts refer to it by
  bool operator==(const HostedHeader&) const = default;
};
using HostedElement = std::variant<HostedSplit, HostedListElement, HostedHeader>;

std::string encode_hosted_element(const HostedElement& element);
/// FAILED_PRECONDITION: a kind of element that this weir does not know.
StatusOr<HostedElement> decode_hosted_element(std::string_view bytes);

/// The number that stands for these descriptions in a blob.
int32_t hosted_types(const std::vector<OperatorStateDescription>& operators);

}  // namespace weir
