#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/byte_stream.h"
#include "checkpoint/snapshot_model.h"
#include "weir/bytes.h"
#include "weir/status.h"
#include "weir/type_description.h"

namespace weir {

// The stream that holds the operator state of one operator in one subtask: a header, then the
// elements of its lists (docs/formats/keyed_state.md). Blocks; runs on the I/O pool.

/// One list to be written. Refers to what the caller owns.
struct ListStateView {
  std::string_view name;
  ListStateMode mode = ListStateMode::kSplit;
  const TypeDescription* element = nullptr;
  const std::vector<std::string>* elements = nullptr;  ///< each as Serializer<E>::write wrote it
};
/// `locations` gets every list, also those without elements.
Status write_operator_state(std::span<const ListStateView> lists, const ByteSink& sink,
                            std::map<std::string, ListStateLocation>* locations);

/// The same for a map from names to anything with a mode, an element (its type) and elements.
template <class Lists>
Status write_operator_state(const Lists& lists, const ByteSink& sink,
                            std::map<std::string, ListStateLocation>* locations) {
  std::vector<ListStateView> views;
  for (const auto& [name, list] : lists)
    views.push_back({name, list.mode, &list.element, &list.elements});
  return write_operator_state(std::span<const ListStateView>(views), sink, locations);
}

struct ListStateInfo {
  std::string name;
  ListStateMode mode = ListStateMode::kSplit;
  TypeDescription element;
  bool operator==(const ListStateInfo&) const = default;
};
struct OperatorStreamHeader {
  std::vector<ListStateInfo> lists;
  std::vector<std::string> broadcast;  ///< names of states that weir does not have: left alone
};
StatusOr<OperatorStreamHeader> get_operator_header(BinaryReader& in);
StatusOr<OperatorStreamHeader> read_operator_header(const OperatorStateHandle& handle,
                                                    const ReadAt& read);

/// The elements `indexes` of one list, in that order.
StatusOr<std::vector<std::string>> read_list_elements(const OperatorStateHandle& handle,
                                                      const std::string& list,
                                                      const std::vector<int>& indexes,
                                                      const ReadAt& read);

}  // namespace weir
