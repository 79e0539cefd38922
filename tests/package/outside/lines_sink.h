#pragma once

#include <weir/connector/file_system.h>
#include <weir/connector/sink.h>

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

/// A sink of a user's own, with two-phase commit: a file of lines per epoch, hidden by a dot until
/// it is committed. A committable is the name of a file without the dot.
template <class T>
class LinesSink final : public weir::Sink<T> {
 public:
  using Show = std::string (*)(const T&);
  LinesSink(std::string directory, Show show) : directory_(std::move(directory)), show_(show) {}

  std::unique_ptr<weir::SinkWriter<T>> create_writer() const override {
    return std::make_unique<Writer>(directory_, show_);
  }
  std::unique_ptr<weir::Committer> create_committer(
      weir::FileSystemRegistry& files) const override {
    return std::make_unique<Publisher>(files.resolve(directory_));
  }
  weir::Status probe(weir::FileSystemRegistry& files) const override {
    const auto directory = files.resolve(directory_);
    return directory.ok() ? directory->fs->make_directories(directory->path) : directory.status();
  }

 private:
  static weir::StagedFile staged(const weir::FileLocation& directory, const std::string& name) {
    return {directory.child("." + name).path, directory.child(name).path};
  }

  class Writer final : public weir::SinkWriter<T> {
   public:
    Writer(std::string directory, Show show) : uri_(std::move(directory)), show_(show) {}

    weir::Status open(weir::OperatorContext& context) override {
      auto directory = context.files().resolve(uri_);
      if (!directory.ok()) return directory.status();
      directory_ = *directory;
      name_ = "part-" + std::to_string(context.attempt_nonce()) + "-" +
              std::to_string(context.subtask());
      return {};
    }
    void write(weir::BatchOf<T>& batch) override {
      for (const T& record : batch.records) lines_ += show_(record) + "\n";
    }
    std::vector<std::string> prepare_commit(weir::SnapshotContext& context) override {
      if (lines_.empty()) return {};
      const std::string name = name_ + "-" + std::to_string(context.checkpoint_id());
      context.before_ack(
          [fs = directory_.fs, file = staged(directory_, name), lines = std::move(lines_)] {
            auto out = fs->stage(file, weir::CreateMode::kExclusive);
            if (!out.ok()) return out.status();
            const weir::Status written = (*out)->append(lines);
            const weir::Status closed = (*out)->close();
            return written.ok() ? closed : written;
          });
      lines_.clear();
      return {name};
    }

   private:
    const std::string uri_;
    const Show show_;
    weir::FileLocation directory_;
    std::string name_;
    std::string lines_;
  };

  class Publisher final : public weir::Committer {
   public:
    explicit Publisher(weir::StatusOr<weir::FileLocation> directory)
        : directory_(std::move(directory)) {}

    weir::Status commit(const std::vector<std::string>& committables) override {
      if (!directory_.ok()) return directory_.status();
      for (const std::string& name : committables) {
        const weir::StagedFile file = staged(*directory_, name);
        const weir::Status published = directory_->fs->publish(file);
        const bool already = !published.ok() && directory_->fs->stat(file.target).ok();
        if (!published.ok() && !already) return published;
      }
      return {};
    }

   private:
    const weir::StatusOr<weir::FileLocation> directory_;
  };

  const std::string directory_;
  const Show show_;
};
