#include "runtime/operator_host.h"

#include <exception>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "types/compatibility.h"

namespace weir {

std::string operator_label(const JobOperator& description, int subtask) {
  return cat("operator '", description.name, "' (uid '", description.uid, "', subtask ", subtask, ")");
}

Status status_of_current_exception(const std::string& label) {
  try {
    throw;
  } catch (const std::exception& e) {
    return aborted(cat(label, " threw: ", e.what()));
  } catch (...) {
    return aborted(cat(label, " threw something that is not a std::exception"));
  }
}

OperatorHost::OperatorHost(const JobOperator& description, SubtaskPlace place, TaskServices& services,
                           std::function<void(Status)> fail)
    : description_(description), place_(place), services_(services), fail_(std::move(fail)), operator_(description.factory()) {}

OperatorHost::~OperatorHost() = default;

Status OperatorHost::open(OperatorLists restored_lists) {
  restored_ = std::move(restored_lists);
  try {
    WEIR_RETURN_IF_ERROR(operator_->open(*this).with_context(operator_label(description_, place_.subtask)));
  } catch (...) {
    return status_of_current_exception(operator_label(description_, place_.subtask));
  }
  for (const auto& [name, list] : restored_) {
    if (!declared_.contains(name) && !list.elements.empty()) {
      return failed_precondition(cat("the checkpoint holds ", list.elements.size(), " elements of list state '", name, "' for ",
                                     operator_label(description_, place_.subtask),
                                     ", which no longer declares it; restore with the program that wrote it, or drop the "
                                     "operator's state by giving it a new uid"));
    }
  }
  restored_.clear();
  return {};
}

StatusOr<std::vector<std::string>> OperatorHost::declare(const std::string& name, ListStateMode mode, TypeDescription element) {
  ListStateContent& declared = declared_[name];
  declared.mode = mode;
  declared.element = std::move(element);
  const auto found = restored_.find(name);
  if (found == restored_.end()) return std::vector<std::string>();
  if (const auto why = why_incompatible(found->second.element, declared.element)) {
    return failed_precondition(cat("list state '", name, "' cannot be restored: ", *why));
  }
  return std::move(found->second.elements);
}

void OperatorHost::run_blocking(std::function<std::function<void()>()> work) {
  services_.run_blocking([this, work = std::move(work)]() -> std::function<void()> {
    std::function<void()> continuation = work();
    if (!continuation) return nullptr;
    return [this, continuation = std::move(continuation)] { run_continuation(continuation); };
  });
}

void OperatorHost::run_continuation(std::function<void()> continuation) {
  if (holds_) return held_.push_back(std::move(continuation));
  continuation();
}

void OperatorHost::run_held_continuations() {
  holds_ = false;
  for (const std::function<void()>& continuation : std::exchange(held_, {})) continuation();
}

}  // namespace weir
