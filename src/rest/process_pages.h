#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "platform/process_text.h"
#include "rest/request.h"

namespace weir::rest {

/// One of the pages about a process that Flink serves below /jobmanager and /taskmanagers/ID.
struct ProcessPage {
  enum class Form {
    kPlain,    ///< `log`, `stdout`, `logs/weir.log`
    kList,     ///< `logs`
    kThreads,  ///< `thread-dump`
  };
  ProcessText what = ProcessText::kLog;
  Form form = Form::kPlain;
};

/// The page at this path below the process; none: there is no such page. Pure.
std::optional<ProcessPage> process_page(std::span<const std::string> path);
/// The page with the text that the process has given. Pure.
RestReply page_reply(const ProcessPage& page, const std::string& text, int64_t now_ms);

}  // namespace weir::rest
