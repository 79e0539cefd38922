#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/connector/source.h"

namespace weir {

/// Reads lines from a TCP server, for trying things out (`nc -lk 9999`). A socket cannot be read
/// twice: lines that came after the checkpoint a job restarts from are lost. One subtask reads,
/// whatever the parallelism. Ends when the server closes the connection; a connection that breaks,
/// or a server that vanishes without a word, fails the task after a minute at most.
class SocketSource final : public Source<std::string> {
 public:
  SocketSource(std::string host, int port) : host_(std::move(host)), port_(port) {}

  StatusOr<std::vector<std::string>> enumerate(FileSystemRegistry& files,
                                               int parallelism) const override;
  std::unique_ptr<SourceReader<std::string>> create_reader() const override;
  bool bounded() const override { return false; }

 private:
  std::string host_;
  int port_;
};

}  // namespace weir
