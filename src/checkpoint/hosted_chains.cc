#include "checkpoint/hosted_chains.h"

#include <algorithm>
#include <map>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/hosted_state.h"
#include "checkpoint/operator_stream.h"
#include "weir/types/bytes.h"

namespace weir {
namespace {

// Flink's framing of a source's elements.
constexpr int32_t kCoordinatorVersion = 1;
constexpr int32_t kSplitVersion = 1;
constexpr int32_t kSplitListVersion = 1;
/// The list where both Flink's and weir's source operators keep their splits.
constexpr const char* kSplits = "SourceReaderState";

struct List {
  ListStateMode mode = ListStateMode::kSplit;
  TypeDescription element;
  std::vector<std::string> elements;
};
using Lists = std::map<std::string, List>;

StatusOr<std::string> read_all(const StateStream& stream, StateReader& reader) {
  WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader.open(stream));
  std::string memory;
  WEIR_ASSIGN_OR_RETURN(const std::string_view bytes, read(0, stream_length(stream), &memory));
  return std::string(bytes);
}

/// The elements that a source's enumerator had not assigned. Nothing: the state of another kind of
/// source.
std::optional<std::vector<HostedElement>> undealt(std::string_view bytes) {
  BinaryReader in(bytes);
  if (in.get_i32() != kCoordinatorVersion || in.get_i32() != kSplitListVersion) return std::nullopt;
  BinaryReader list(in.get_bytes());
  in.expect_end();
  if (!in.ok()) return std::nullopt;
  std::vector<HostedElement> elements;
  const size_t count = list.get_count(5);
  for (size_t i = 0; i < count && list.ok(); ++i) {
    auto element = decode_hosted_element(list.get_bytes());
    if (!element.ok()) return std::nullopt;
    elements.push_back(*std::move(element));
  }
  list.expect_end();
  if (!list.ok()) return std::nullopt;
  return elements;
}

class ChainReader {
 public:
  ChainReader(const HostedChainState& state, StateReader& reader)
      : chain_(state.chain), reader_(reader) {}

  /// For sources; call it first.
  Status add_undealt(std::vector<HostedElement> elements) {
    is_source_ = true;
    (void)lists_[chain_.id];
    int subtask = 0;
    for (HostedElement& element : elements) {
      WEIR_RETURN_IF_ERROR(add(subtask, std::move(element)));
      subtask = (subtask + 1) % chain_.parallelism;
    }
    return {};
  }

  Status read_subtasks() {
    for (const auto& [subtask, state] : chain_.subtasks) {
      if (!state.operator_state) continue;
      for (const auto& [name, location] : state.operator_state->lists) {
        const bool hosted =
            is_source_ ? name == kSplits : name == kHostedSplitList || name == kHostedUnionList;
        if (hosted) WEIR_RETURN_IF_ERROR(read_list(subtask, *state.operator_state, name, location));
        if (!is_source_ && name == kHostedBroadcastMap)
          WEIR_RETURN_IF_ERROR(read_map(subtask, *state.operator_state, name, location));
      }
    }
    return {};
  }

  Status finish(HostedOperators* out) {
    for (const auto& [subtask, header] : headers_) {
      out->checkpoint_id = std::max(out->checkpoint_id, header.checkpoint_id);
      for (const OperatorStateDescription& description : header.operators)
        WEIR_RETURN_IF_ERROR(describe(description));
    }
    for (const auto& [id, subtasks] : lists_) describe_lists(id, subtasks);
    for (OperatorStateDescription& description : descriptions_) {
      WEIR_ASSIGN_OR_RETURN(OperatorSnapshotState op, operator_of(description));
      out->operators.push_back(std::move(op));
      out->descriptions.push_back(std::move(description));
    }
    return {};
  }

 private:
  Status read_list(int subtask, const OperatorStateHandle& handle, const std::string& name,
                   const ListStateLocation& location) {
    WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader_.open(handle.stream));
    std::vector<int> all(location.offsets.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
    WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> elements,
                          read_list_elements(handle, name, all, read));
    for (const std::string& bytes : elements) {
      BinaryReader in(bytes);
      std::string_view element = in.get_bytes();
      in.expect_end();
      if (is_source_) {
        BinaryReader split(element);
        if (split.get_i32() != kSplitVersion) split.fail("an unknown version of a split");
        element = split.get_bytes();
        WEIR_RETURN_IF_ERROR(split.status("the state of a source's reader"));
      }
      WEIR_RETURN_IF_ERROR(in.status(cat("an element of list state '", name, "'")));
      WEIR_ASSIGN_OR_RETURN(HostedElement decoded, decode_hosted_element(element));
      WEIR_RETURN_IF_ERROR(add(subtask, std::move(decoded)));
    }
    return {};
  }

  /// Reads the broadcast state of Flink's operator: a number and an element in each entry.
  Status read_map(int subtask, const OperatorStateHandle& handle, const std::string& name,
                  const ListStateLocation& location) {
    if (location.offsets.empty()) return {};
    WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader_.open(handle.stream));
    WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> maps,
                          read_list_elements(handle, name, {0}, read));
    BinaryReader in(maps[0]);
    const size_t count = in.get_count(8);
    for (size_t i = 0; i < count && in.ok(); ++i) {
      (void)in.get_i32();
      const std::string_view element = in.get_bytes();
      WEIR_RETURN_IF_ERROR(in.status(cat("broadcast state '", name, "'")));
      WEIR_ASSIGN_OR_RETURN(HostedElement decoded, decode_hosted_element(element));
      WEIR_RETURN_IF_ERROR(add(subtask, std::move(decoded)));
    }
    return in.end(cat("broadcast state '", name, "'"));
  }

  Status add(int subtask, HostedElement element) {
    if (auto* header = std::get_if<HostedHeader>(&element)) {
      if (!headers_.emplace(subtask, std::move(*header)).second)
        return data_loss(cat("subtask ", subtask, " describes its state twice"));
      return {};
    }
    if (auto* split = std::get_if<HostedSplit>(&element)) {
      if (!is_source_)
        return data_loss("there is a source's split in the state of a chain that is none");
      // As stored by SourceReaderOperator.
      BinaryWriter out;
      out.put_bytes(split->split);
      TypeDescription bytes;
      bytes.kind = TypeKind::kBytes;
      return add(subtask, HostedListElement{chain_.id, kSplits, ListStateMode::kSplit,
                                            std::move(bytes), out.take()});
    }
    auto& of_list = std::get<HostedListElement>(element);
    if (of_list.element.empty())
      return data_loss(cat("an element of list state '", of_list.list, "' has no bytes"));
    List& list = lists_[of_list.operator_id][subtask]
                     .try_emplace(of_list.list, List{of_list.mode, of_list.type, {}})
                     .first->second;
    if (list.mode != of_list.mode || list.element != of_list.type) {
      return data_loss(cat("the elements of list state '", of_list.list, "' of operator ",
                           of_list.operator_id.to_hex(), " are of different kinds"));
    }
    list.elements.push_back(std::move(of_list.element));
    return {};
  }

  OperatorStateDescription* find(const OperatorId& id) {
    const auto found = std::find_if(descriptions_.begin(), descriptions_.end(),
                                    [&](const auto& known) { return known.operator_id == id; });
    return found == descriptions_.end() ? nullptr : &*found;
  }

  Status describe(const OperatorStateDescription& description) {
    const OperatorStateDescription* known = find(description.operator_id);
    if (known == nullptr) {
      descriptions_.push_back(description);
    } else if (!(*known == description)) {
      return failed_precondition(cat("the subtasks of operator uid '", description.uid,
                                     "' do not keep the same states in the same order; declare "
                                     "them all in open(), and take a savepoint again"));
    }
    return {};
  }

  /// In a source's chain, only the elements themselves describe the lists.
  void describe_lists(const OperatorId& id, const std::map<int, Lists>& subtasks) {
    OperatorStateDescription* known = find(id);
    if (known == nullptr) {
      known = &descriptions_.emplace_back();
      known->operator_id = id;
      if (id == chain_.id) known->uid = chain_.uid;
    }
    for (const auto& [subtask, lists] : subtasks) {
      for (const auto& [name, list] : lists) {
        const bool described =
            std::any_of(known->lists.begin(), known->lists.end(),
                        [&, &name = name](const ListStateInfo& info) { return info.name == name; });
        if (!described) known->lists.push_back({name, list.mode, list.element});
      }
    }
  }

  StatusOr<OperatorSnapshotState> operator_of(const OperatorStateDescription& description) {
    OperatorSnapshotState op;
    op.uid = description.uid;
    op.id = description.operator_id;
    op.parallelism = chain_.parallelism;
    op.max_parallelism = chain_.max_parallelism;
    op.finished = chain_.finished;
    std::map<int, Lists>& lists = lists_[op.id];
    for (int subtask = 0; subtask < chain_.parallelism; ++subtask) {
      const auto found = chain_.subtasks.find(subtask);
      SubtaskState state;
      WEIR_ASSIGN_OR_RETURN(state.operator_state, lists_of(description, lists[subtask]));
      if (description.key_type && found != chain_.subtasks.end() && found->second.keyed_state) {
        const auto header = headers_.find(subtask);
        if (header == headers_.end())
          return data_loss(cat("nothing describes the keyed state of subtask ", subtask));
        state.keyed_state = found->second.keyed_state;
        state.keyed_state->hosted = HostedPart{op.id, header->second.types};
      }
      state.finished =
          found != chain_.subtasks.end() && found->second.finished && !state.operator_state;
      if (state.operator_state || state.keyed_state || state.finished)
        op.subtasks.emplace(subtask, std::move(state));
    }
    return op;
  }

  /// Nothing if all lists are empty.
  static StatusOr<std::optional<OperatorStateHandle>> lists_of(
      const OperatorStateDescription& description, const Lists& lists) {
    if (lists.empty()) return std::optional<OperatorStateHandle>();
    for (const auto& [name, list] : lists) {
      const ListStateInfo info{name, list.mode, list.element};
      if (std::find(description.lists.begin(), description.lists.end(), info) ==
          description.lists.end()) {
        return data_loss(cat("list state '", name, "' of operator ",
                             description.operator_id.to_hex(),
                             " is not what its description says"));
      }
    }
    OperatorStateHandle handle;
    std::string stream;
    const ByteSink sink = [&](std::string_view bytes) {
      stream.append(bytes);
      return Status();
    };
    WEIR_RETURN_IF_ERROR(write_operator_state(lists, sink, &handle.lists));
    handle.stream = InlineBytes{std::move(stream)};
    return std::optional<OperatorStateHandle>(std::move(handle));
  }

  const OperatorSnapshotState& chain_;
  StateReader& reader_;
  bool is_source_ = false;
  std::map<int, HostedHeader> headers_;               ///< by subtask
  std::map<OperatorId, std::map<int, Lists>> lists_;  ///< by operator and subtask
  std::vector<OperatorStateDescription> descriptions_;
};

}  // namespace

StatusOr<bool> add_hosted_chain(const HostedChainState& chain, StateReader& reader,
                                HostedOperators* out) {
  ChainReader chain_reader(chain, reader);
  if (chain.coordinator) {
    WEIR_ASSIGN_OR_RETURN(const std::string bytes, read_all(*chain.coordinator, reader));
    auto elements = undealt(bytes);
    if (!elements) return false;
    WEIR_RETURN_IF_ERROR(chain_reader.add_undealt(*std::move(elements)));
  }
  WEIR_RETURN_IF_ERROR(chain_reader.read_subtasks());
  WEIR_RETURN_IF_ERROR(chain_reader.finish(out));
  return true;
}

}  // namespace weir
