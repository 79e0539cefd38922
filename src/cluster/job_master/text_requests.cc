#include "cluster/job_master/text_requests.h"

#include <utility>

#include "base/strings.h"
#include "platform/scheduler.h"

namespace weir {

StatusOr<int64_t> TextRequests::begin(int64_t session, MonotonicTime now, Done done) {
  if (open_.size() >= kMaxOpen)
    return resource_exhausted(cat(kMaxOpen, " requests for texts of workers are open: ask again"));
  open_.emplace(++last_, Request{session, now + kPatience, std::move(done)});
  return last_;
}

void TextRequests::answer(int64_t session, int64_t request, std::string text) {
  const auto found = open_.find(request);
  if (found == open_.end() || found->second.session != session) return;
  const Done done = std::move(found->second.done);
  open_.erase(found);
  done(std::move(text));
}

void TextRequests::lose(int64_t session) {
  for (auto it = open_.begin(); it != open_.end();) {
    if (it->second.session != session) {
      ++it;
      continue;
    }
    it->second.done(unavailable("the worker was lost before it answered"));
    it = open_.erase(it);
  }
}

MonotonicTime TextRequests::poll(MonotonicTime now) {
  while (!open_.empty() && open_.begin()->second.deadline <= now) {
    open_.begin()->second.done(deadline_exceeded(
        cat("the worker has not answered for ", whole_ms(kPatience), " ms: ask again")));
    open_.erase(open_.begin());
  }
  return open_.empty() ? Actor::kIdle : open_.begin()->second.deadline;
}

}  // namespace weir
