#include "rest/process_pages.h"

#include "base/strings.h"
#include "rest/json_value.h"

namespace weir::rest {
namespace {

/// The log is kept in memory; this is its name among the logs of the process.
constexpr const char* kLogName = "weir.log";

/// "name" of a line `"name" Id=7 WAITING`.
std::string quoted_part(std::string_view line) {
  const size_t end = line.rfind('"');
  return line.starts_with('"') && end > 0 ? std::string(line.substr(1, end - 1)) : "";
}

Json threads_json(std::string_view text) {
  Json threads = Json::array();
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    threads.push_back(
        {{"threadName", quoted_part(line)}, {"stringifiedThreadInfo", cat(line, "\n\n")}});
  }
  return {{"threadInfos", std::move(threads)}};
}

std::string reason_for_nothing(ProcessText what) {
  return what == ProcessText::kStandardOutput
             ? "(the standard output of this process is not a file, or it is empty)\n"
             : "(nothing has been logged)\n";
}

}  // namespace

std::optional<ProcessPage> process_page(std::span<const std::string> path) {
  using Form = ProcessPage::Form;
  const auto is = [&](const char* page) { return path.size() == 1 && path[0] == page; };
  if (is("log")) return ProcessPage{ProcessText::kLog, Form::kPlain};
  if (is("stdout")) return ProcessPage{ProcessText::kStandardOutput, Form::kPlain};
  if (is("logs")) return ProcessPage{ProcessText::kLog, Form::kList};
  if (is("thread-dump")) return ProcessPage{ProcessText::kThreads, Form::kThreads};
  if (path.size() == 2 && path[0] == "logs" && path[1] == kLogName)
    return ProcessPage{ProcessText::kLog, Form::kPlain};
  return std::nullopt;
}

RestReply page_reply(const ProcessPage& page, const std::string& text, int64_t now_ms) {
  RestReply reply;
  switch (page.form) {
    case ProcessPage::Form::kPlain:
      reply.content_type = "text/plain; charset=UTF-8";
      reply.body = text.empty() ? reason_for_nothing(page.what) : text;
      break;
    case ProcessPage::Form::kList: {
      const Json log = {{"name", kLogName}, {"size", text.size()}, {"mtime", now_ms}};
      reply.body = Json({{"logs", Json::array({log})}}).text();
      break;
    }
    case ProcessPage::Form::kThreads: reply.body = threads_json(text).text(); break;
  }
  return reply;
}

}  // namespace weir::rest
