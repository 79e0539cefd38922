#include "runtime/operator_host.h"

#include <utility>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "runtime/user_code.h"
#include "state/restore_check.h"

namespace weir {

std::string operator_label(const JobOperator& description, int subtask) {
  return cat("operator '", description.name, "' (uid '", description.uid, "', subtask ", subtask,
             ")");
}

OperatorHost::OperatorHost(const JobOperator& description, SubtaskPlace place,
                           TaskServices& services, std::function<void(Status)> fail)
    : description_(description),
      place_(place),
      executor_(cat("op ", description.uid)),
      services_(services),
      fail_(std::move(fail)),
      label_(operator_label(description, place.subtask)) {
  made_ = call_user_code(label_, [&]() -> Status {
    operator_ = description.factory();
    return operator_ ? Status() : failed_precondition("the function that makes it gave nothing");
  });
}

OperatorHost::~OperatorHost() {
  const LabeledScope scope(label_);
  operator_.reset();
}

Status OperatorHost::open(OperatorLists restored_lists) {
  WEIR_RETURN_IF_ERROR(made_);
  restored_ = std::move(restored_lists);
  WEIR_RETURN_IF_ERROR(call_user_code(label_, [&] { return operator_->open(*this); }));
  for (const auto& [name, list] : restored_) {
    if (!declared_.contains(name) && !list.elements.empty()) {
      return failed_precondition(
          cat("the checkpoint holds ", list.elements.size(), " elements of list state '", name,
              "' for ", label_,
              ", which no longer declares it; restore with the program that wrote it, or drop the "
              "operator's state by giving it a new uid"));
    }
  }
  restored_.clear();
  return {};
}

StatusOr<std::vector<std::string>> OperatorHost::declare(const std::string& name,
                                                         ListStateMode mode,
                                                         TypeDescription element) {
  const auto [at, fresh] = declared_.try_emplace(name);
  if (!fresh) {
    return failed_precondition(
        cat("list state '", name, "' is declared twice; give each state a name of its own"));
  }
  ListStateContent& declared = at->second;
  declared.mode = mode;
  declared.element = std::move(element);
  const auto found = restored_.find(name);
  if (found == restored_.end()) return std::vector<std::string>();
  if (found->second.mode != mode) {
    return failed_precondition(cat("list state '", name, "' cannot be restored: it is in mode ",
                                   mode_name(found->second.mode), " in the checkpoint and in mode ",
                                   mode_name(mode),
                                   " in the program; keep the mode, or give the state a new name"));
  }
  std::vector<std::string> changes;
  WEIR_RETURN_IF_ERROR(convert_list(name, mode, found->second.element, declared.element,
                                    &found->second.elements, &changes));
  for (const std::string& change : changes) {
    if (place_.subtask != 0) break;
    WEIR_LOG(kInfo) << label_ << ", list state '" << name
                    << "' is restored from an older type: " << change;
  }
  return std::move(found->second.elements);
}

StatusOr<Output*> OperatorHost::side_output(const std::string& name, std::type_index type) {
  for (size_t i = 0; i < description_.side_outputs.size(); ++i) {
    const detail::SideOutput& side = description_.side_outputs[i];
    if (side.name != name) continue;
    if (side.type == type) return side_outputs_[i];
    return invalid_argument(cat("side output '", name,
                                "' is given records of another type than those that "
                                "get_side_output() reads; use the same OutputTag for both"));
  }
  return nullptr;
}

void OperatorHost::run_blocking(std::function<std::function<void()>()> work) {
  services_.run_blocking(
      executor_, [this, label = label_, work = std::move(work)]() -> std::function<void()> {
        std::function<void()> continuation;
        Status status = call_user_code(label, [&] {
          continuation = work();
          return Status();
        });
        if (!status.ok()) return [this, status = std::move(status)] { fail_(status); };
        if (!continuation) return nullptr;
        return [this, continuation = std::move(continuation)] { run_continuation(continuation); };
      });
}

void OperatorHost::run_continuation(std::function<void()> continuation) {
  if (holds_) return held_.push_back(std::move(continuation));
  Status status = call_user_code(label_, [&] {
    continuation();
    return Status();
  });
  if (!status.ok()) fail_(std::move(status));
}

void OperatorHost::run_held_continuations() {
  holds_ = false;
  for (std::function<void()>& continuation : std::exchange(held_, {}))
    run_continuation(std::move(continuation));
}

Status OperatorHost::close() {
  if (!operator_) return {};
  return call_user_code(label_, [this] {
    operator_->close();
    return Status();
  });
}

}  // namespace weir
