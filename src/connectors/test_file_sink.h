#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "connectors/test_host.h"
#include "operators/log_lines.h"
#include "weir/connector/file_sink.h"
#include "weir/detail/connector/sink_operator.h"

namespace weir {

/// One subtask of a FileSink that writes to /out, from its start to its death.
struct FileSinkLife {
  static constexpr char kOut[] = "/out";
  FileSinkLife(std::shared_ptr<FileSystem> fs, TestHost::Place place, TestHost::Lists restored = {})
      : host(std::move(fs), place, std::move(restored)),
        sink(std::make_shared<FileSink<std::string>>(kOut)) {
    EXPECT_TRUE(sink.open(host).ok());
    sink.can_accept();  // the attempt runs
  }
  void write(std::vector<std::string> lines) {
    BatchOf<std::string> batch;
    for (std::string& line : lines) batch.add(std::move(line));
    sink.process(batch, none);
  }
  TestSnapshot snapshot(int64_t id) {
    TestSnapshot taken(id);
    EXPECT_TRUE(sink.snapshot(taken).ok());
    return taken;
  }
  /// Takes a checkpoint that succeeds, and its commits.
  TestSnapshot checkpoint(int64_t id) {
    TestSnapshot taken = snapshot(id);
    EXPECT_TRUE(taken.acknowledge().ok());
    sink.checkpoint_completed(id);
    host.run_jobs();
    return taken;
  }

  TestHost host;
  detail::SinkOperator<std::string, FileSink<std::string>> sink;
  NoOutput none;
};

class FileSinkTest : public ::testing::Test {
 protected:
  std::vector<std::string> committed() { return committed_lines(*fs, FileSinkLife::kOut); }
  size_t hidden() { return file_names(*fs, FileSinkLife::kOut, ".part-").size(); }
  /// The state of checkpoint 1 of a sink that wrote "a" before it, and was killed after it
  /// acknowledged the checkpoint and got another line.
  TestHost::Lists killed_after_acknowledging() {
    FileSinkLife life(fs, {.nonce = 1});
    life.host.run_jobs();
    life.write({"a"});
    TestSnapshot snapshot = life.snapshot(1);
    EXPECT_TRUE(snapshot.acknowledge().ok());
    life.write({"lost, and read again"});
    return snapshot.lists;
  }
  std::shared_ptr<FileSystem> fs = std::make_shared<MemoryFileSystem>();
};

}  // namespace weir
