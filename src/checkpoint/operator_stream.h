#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/byte_stream.h"
#include "checkpoint/snapshot_model.h"
#include "weir/status.h"
#include "weir/types/bytes.h"
#include "weir/types/type_description.h"

namespace weir {

// The stream with the operator state of one operator in one subtask: a header, then the elements of
// its lists (docs/formats/keyed_state.md). A broadcast state is a list with one element. Blocks;
// runs on the I/O pool.

/// One list to write. Refers to data that the caller owns.
struct ListStateView {
  std::string_view name;
  ListStateMode mode = ListStateMode::kSplit;
  const TypeDescription* element = nullptr;
  const std::vector<std::string>* elements = nullptr;  ///< each as written by Serializer<E>::write
};
/// `locations` receives every list, also those without elements.
Status write_operator_state(std::span<const ListStateView> lists, const ByteSink& sink,
                            std::map<std::string, ListStateLocation>* locations);

/// Same, for a map from names to any type with a mode, an element (its type) and elements.
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
  std::vector<ListStateInfo> lists;  ///< broadcast states come last
};
StatusOr<OperatorStreamHeader> get_operator_header(BinaryReader& in);
StatusOr<OperatorStreamHeader> read_operator_header(const OperatorStateHandle& handle,
                                                    const ReadAt& read);

/// Reads the elements `indexes` of one list, in that order.
StatusOr<std::vector<std::string>> read_list_elements(const OperatorStateHandle& handle,
                                                      const std::string& list,
                                                      const std::vector<int>& indexes,
                                                      const ReadAt& read);

}  // namespace weir
