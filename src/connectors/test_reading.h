#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "connectors/test_host.h"
#include "weir/connector/file_source.h"

namespace weir {

/// One subtask of a source, read to its end or up to a number of records.
template <class T>
struct Reading {
  Reading(std::shared_ptr<FileSystem> fs, const FileSource<T>& source, TestHost::Place place = {})
      : host(std::move(fs), place), reader(source.create_reader()) {
    EXPECT_TRUE(reader->open(host).ok());
  }
  /// Polls until the end, a failure, or at least `count` records.
  void read(size_t count = SIZE_MAX, size_t batch = 1024) {
    while (records.size() < count && host.failure.ok()) {
      BatchOf<T> out;
      const PollResult result = reader->poll(out, std::min(batch, count - records.size()));
      for (auto& record : out.records) records.push_back(std::move(record));
      if (result.status == PollResult::Status::kEnd) {
        ended = true;
        return;
      }
      if (result.status == PollResult::Status::kNothingNow) {
        if (host.jobs() == 0 && host.failure.ok()) {
          if (result.wake_at_ms == INT64_MAX) {
            ADD_FAILURE() << "nothing will ever wake the source";
            return;
          }
          host.now_ms = result.wake_at_ms;
        }
        host.run_jobs();
      }
    }
  }
  TestHost host;
  std::unique_ptr<SourceReader<T>> reader;
  std::vector<T> records;
  bool ended = false;
};

}  // namespace weir
