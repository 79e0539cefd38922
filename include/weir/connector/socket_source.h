#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/connector/source.h"

namespace weir {

/// Reads lines from a TCP server, for experiments (`nc -lk 9999`). A socket cannot be read twice:
/// after a restart, the lines received after the restored checkpoint are lost. One subtask reads,
/// at any parallelism. Ends when the server closes the connection. If the connection breaks or the
/// server vanishes, the task fails within a minute.
class SocketSource final : public Source<std::string> {
 public:
  SocketSource(std::string host, int port) : host_(std::move(host)), port_(port) {}

  StatusOr<std::vector<std::string>> enumerate(FileSystemRegistry& files,
                                               int parallelism) const override;
  std::unique_ptr<SourceReader<std::string>> create_reader() const override;
  bool bounded() const override { return false; }
  bool has_timestamps() const override { return false; }

 private:
  std::string host_;
  int port_;
};

}  // namespace weir
