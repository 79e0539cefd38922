#include "flink/hosted_restore.h"

#include "base/status_macros.h"
#include "base/strings.h"
#include "runtime/user_code.h"
#include "weir/types/bytes.h"

namespace weir {
namespace {

constexpr const char* kHowToDrop =
    "give it its uid back, or set execution.state-recovery.ignore-unclaimed-state to drop that "
    "state";

}  // namespace

std::optional<size_t> HostedRestore::index_of(const OperatorId& id) const {
  for (size_t i = 0; i < vertex_.chain.size(); ++i) {
    if (vertex_.chain[i].id == id) return i;
  }
  return std::nullopt;
}

Status HostedRestore::add_element(std::string_view bytes) {
  WEIR_ASSIGN_OR_RETURN(HostedElement element, decode_hosted_element(bytes));
  if (auto* split = std::get_if<HostedSplit>(&element)) {
    splits_.push_back(std::move(split->split));
  } else if (auto* header = std::get_if<HostedHeader>(&element)) {
    checkpoint_ = std::max(checkpoint_.value_or(0), header->checkpoint_id);
    headers_.insert_or_assign(header->types, std::move(*header));
  } else {
    return add(std::get<HostedListElement>(std::move(element)));
  }
  return {};
}

Status HostedRestore::add(HostedListElement element) {
  if (!index_of(element.operator_id)) {
    if (ignore_unclaimed_) return {};
    return failed_precondition(cat("the checkpoint holds an element of list state '", element.list,
                                   "' of operator ", element.operator_id.to_hex(),
                                   ", which is not in '", vertex_.name, "'; ", kHowToDrop));
  }
  OperatorLists& lists = lists_[element.operator_id];
  const auto [list, fresh] = lists.try_emplace(element.list);
  if (fresh) {
    list->second.mode = element.mode;
    list->second.element = std::move(element.type);
  } else if (list->second.element != element.type) {
    return data_loss(cat("the elements of list state '", element.list, "' of operator ",
                         element.operator_id.to_hex(), " are of the types ",
                         list->second.element.to_string(), " and ", element.type.to_string()));
  }
  list->second.elements.push_back(std::move(element.element));
  return {};
}

std::vector<OperatorLists> HostedRestore::take_lists() {
  std::vector<OperatorLists> lists;
  for (const JobOperator& op : vertex_.chain) lists.push_back(std::move(lists_[op.id]));
  return lists;
}

Status HostedRestore::add_group_piece(const GroupPiece& piece, OperatorChain& chain,
                                      KeyGroupRange range) {
  if (!range.contains(piece.key_group)) {
    return internal_error(cat("Flink restored the state of key group ", piece.key_group,
                              " to a subtask that has ", range.first, " to ", range.last));
  }
  if (group_ >= 0 && group_ != piece.key_group) {
    return internal_error(cat("a piece of the state of key group ", piece.key_group,
                              " came before the last one of key group ", group_));
  }
  if (!piece.last) {
    group_ = piece.key_group;
    blob_.append(piece.bytes);
    return {};
  }
  Status read;
  if (blob_.empty()) {
    if (!piece.bytes.empty()) read = read_group(piece.key_group, piece.bytes, chain);
  } else {
    blob_.append(piece.bytes);
    read = read_group(piece.key_group, blob_, chain);
    blob_.clear();
  }
  group_ = -1;
  return read;
}

Status HostedRestore::read_group(int group, std::string_view blob, OperatorChain& chain) {
  auto parts = decode_hosted_group(blob);
  if (!parts.ok()) return parts.status().with_context(cat("key group ", group));
  for (const HostedGroupPart& part : *parts) WEIR_RETURN_IF_ERROR(read_part(group, part, chain));
  return {};
}

const OperatorStateDescription* HostedRestore::describe(const HostedGroupPart& part) const {
  const auto header = headers_.find(part.types);
  if (header == headers_.end()) return nullptr;
  for (const OperatorStateDescription& description : header->second.operators) {
    if (description.operator_id == part.operator_id) return &description;
  }
  return nullptr;
}

Status HostedRestore::read_part(int group, const HostedGroupPart& part, OperatorChain& chain) {
  const OperatorStateDescription* description = describe(part);
  if (description == nullptr || !description->key_type) {
    return data_loss(cat("nothing in the checkpoint says what the state of operator ",
                         part.operator_id.to_hex(), " in key group ", group, " is made of"));
  }
  const auto index = index_of(part.operator_id);
  KeyedState* state = index ? chain.host(*index).op().keyed_state() : nullptr;
  if (state == nullptr) {
    if (ignore_unclaimed_) return {};
    return failed_precondition(
        cat("the checkpoint holds keyed state of operator uid '", description->uid, "', which ",
            index ? "keeps none now" : cat("is not in '", vertex_.name, "'"), "; ", kHowToDrop));
  }
  const std::string label =
      cat("operator '", vertex_.chain[*index].name, "' (uid '", vertex_.chain[*index].uid, "')");
  return call_user_code(label, [&]() -> Status {
    if (const auto begun = begun_.find(part.operator_id);
        begun == begun_.end() || begun->second != part.types) {
      WEIR_RETURN_IF_ERROR(state->begin_restore(&*description->key_type, description->keyed_states,
                                                ignore_unclaimed_));
      begun_[part.operator_id] = part.types;
    }
    BinaryReader in(part.state);
    WEIR_RETURN_IF_ERROR(state->read_group(group, in));
    return in.end(cat("the state of key group ", group));
  });
}

}  // namespace weir
