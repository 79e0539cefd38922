#pragma once

#include <string>

#include "fs/file_system_registry.h"
#include "tool/arguments.h"

namespace weir::tool {

// The exit codes of the program.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;   ///< the operation has failed, or something is damaged
inline constexpr int kUsage = 2;    ///< wrong command line
inline constexpr int kNotNow = 3;   ///< the job or the storage does not answer
inline constexpr int kDiffers = 1;  ///< of `diff`

/// Writes to standard output.
void print(std::string_view text);
/// Writes "weir: …" to standard error. Returns the exit code for the status.
int report(const Status& status);

// Commands for running jobs.
int list_jobs(const Arguments& arguments);
int show_job(const Arguments& arguments);
int take_savepoint(const Arguments& arguments);
int take_checkpoint(const Arguments& arguments);
int stop_job(const Arguments& arguments);
int cancel_job(const Arguments& arguments);
int rescale_job(const Arguments& arguments);
int show_metrics(const Arguments& arguments);
int watch_job(const Arguments& arguments);
int trace_job(const Arguments& arguments);

// Commands for files. `files` finds them.
int inspect(const Arguments& arguments, FileSystemRegistry& files);
int verify(const Arguments& arguments, FileSystemRegistry& files);
int diff(const Arguments& arguments, FileSystemRegistry& files);
int list_directory(const Arguments& arguments, FileSystemRegistry& files);

/// For transactions of Kafka; with the component kafka only.
int kafka_transactions(const Arguments& arguments, FileSystemRegistry& files);

}  // namespace weir::tool
