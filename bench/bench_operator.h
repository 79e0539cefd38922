#pragma once

// The surroundings of a single operator in a benchmark: a context and an output.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>

#include "weir/operator/operator.h"

namespace weir {

/// Counts records and drops them.
class Blackhole final : public Output {
 public:
  void emit(Batch& batch) override {
    seen += batch.size();
    batch.clear();
  }
  size_t seen = 0;
};

/// The only subtask of an operator, which uses no files, lists or blocking work.
class BenchContext final : public OperatorContext {
 public:
  const std::string& operator_name() const override { return name_; }
  const std::string& uid() const override { return name_; }
  int subtask() const override { return 0; }
  int parallelism() const override { return 1; }
  int max_parallelism() const override { return 128; }
  uint64_t attempt_nonce() const override { return 1; }
  int64_t restored_checkpoint() const override { return -1; }
  OperatorStateStore& operator_state() override { std::abort(); }
  FileSystemRegistry& files() override { std::abort(); }
  int64_t processing_time_ms() const override { return 0; }
  void run_blocking(std::function<std::function<void()>()>) override {}
  void fail(Status) override {}

 private:
  const std::string name_ = "bench";
};

}  // namespace weir
