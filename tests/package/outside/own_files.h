#pragma once

#include <weir/connector/file_system.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

/// A file system of a user's own, in the memory of the process. A path maps to the bytes of a file,
/// or to nothing if it is a directory.
class OwnFiles final : public weir::FileSystem {
 public:
  weir::StatusOr<std::unique_ptr<weir::WritableFile>> create(const std::string& path,
                                                             weir::CreateMode mode) override {
    std::lock_guard lock(tree_->mutex);
    if (mode == weir::CreateMode::kExclusive && tree_->nodes.contains(path))
      return weir::already_exists("cannot create " + path + ": it exists");
    if (is_directory(path))
      return weir::failed_precondition("cannot write " + path + ": it is a directory");
    make_directories_locked(path.substr(0, path.rfind('/')));
    tree_->nodes[path] = std::make_shared<std::string>();
    return std::unique_ptr<weir::WritableFile>(
        std::make_unique<Written>(tree_, tree_->nodes[path]));
  }
  weir::StatusOr<std::unique_ptr<weir::ReadableFile>> open(const std::string& path) override {
    std::lock_guard lock(tree_->mutex);
    const auto found = tree_->nodes.find(path);
    if (found == tree_->nodes.end()) return weir::not_found("there is no " + path);
    if (found->second == nullptr)
      return weir::failed_precondition("cannot open " + path + ": it is a directory");
    return std::unique_ptr<weir::ReadableFile>(std::make_unique<Read>(*found->second));
  }
  weir::StatusOr<weir::FileInfo> stat(const std::string& path) override {
    std::lock_guard lock(tree_->mutex);
    const auto found = tree_->nodes.find(path);
    if (found == tree_->nodes.end()) return weir::not_found("there is no " + path);
    return info_of(*found);
  }
  weir::StatusOr<std::vector<weir::FileInfo>> list(const std::string& path) override {
    std::lock_guard lock(tree_->mutex);
    if (!is_directory(path)) return weir::not_found("there is no directory " + path);
    std::vector<weir::FileInfo> entries;
    for (const auto& node : tree_->nodes) {
      if (is_below(node.first, path) && node.first.find('/', path.size() + 1) == std::string::npos)
        entries.push_back(info_of(node));
    }
    return entries;
  }
  weir::Status make_directories(const std::string& path) override {
    std::lock_guard lock(tree_->mutex);
    make_directories_locked(path);
    return {};
  }
  weir::Status rename(const std::string& from, const std::string& to) override {
    std::lock_guard lock(tree_->mutex);
    if (!tree_->nodes.contains(from)) return weir::not_found("there is no " + from);
    if (tree_->nodes.contains(to))
      return weir::already_exists("cannot rename " + from + ": there is a " + to);
    if (!is_directory(to.substr(0, to.rfind('/'))))
      return weir::not_found("there is no directory for " + to);
    std::map<std::string, Bytes> moved;
    for (const auto& [path, bytes] : tree_->nodes) {
      if (path == from || is_below(path, from)) moved[to + path.substr(from.size())] = bytes;
    }
    erase_all(from);
    tree_->nodes.merge(moved);
    return {};
  }
  weir::Status remove(const std::string& path) override {
    std::lock_guard lock(tree_->mutex);
    const bool has_children =
        std::any_of(tree_->nodes.begin(), tree_->nodes.end(),
                    [&](const auto& node) { return is_below(node.first, path); });
    if (has_children) return weir::failed_precondition(path + " is a directory that is not empty");
    return tree_->nodes.erase(path) > 0 ? weir::Status() : weir::not_found("there is no " + path);
  }
  weir::Status remove_all(const std::string& path) override {
    std::lock_guard lock(tree_->mutex);
    erase_all(path);
    return {};
  }
  weir::Durability durability() const override { return weir::Durability::kProcess; }

 private:
  using Bytes = std::shared_ptr<std::string>;  ///< null: a directory
  struct Tree {
    std::mutex mutex;
    std::map<std::string, Bytes> nodes = {{"/", nullptr}};
  };
  /// Makes its bytes visible with each append(), as a file on a disk does.
  class Written final : public weir::WritableFile {
   public:
    Written(std::shared_ptr<Tree> tree, Bytes bytes)
        : tree_(std::move(tree)), bytes_(std::move(bytes)) {}
    weir::Status append(std::string_view bytes) override {
      std::lock_guard lock(tree_->mutex);
      bytes_->append(bytes);
      return {};
    }
    weir::Status close() override { return {}; }

   private:
    std::shared_ptr<Tree> tree_;
    Bytes bytes_;
  };
  class Read final : public weir::ReadableFile {
   public:
    explicit Read(std::string bytes) : bytes_(std::move(bytes)) {}
    weir::Status read_at(int64_t offset, int64_t length, std::string* out) override {
      if (offset > size()) offset = size();
      *out = bytes_.substr(static_cast<size_t>(offset), static_cast<size_t>(length));
      return {};
    }
    int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }

   private:
    const std::string bytes_;
  };

  static bool is_below(const std::string& path, const std::string& directory) {
    return directory == "/" ? path != "/" : path.starts_with(directory + "/");
  }
  static weir::FileInfo info_of(const std::pair<const std::string, Bytes>& node) {
    return {.path = node.first,
            .is_directory = node.second == nullptr,
            .size = node.second == nullptr ? 0 : static_cast<int64_t>(node.second->size())};
  }
  bool is_directory(const std::string& path) const {
    const auto found = tree_->nodes.find(path.empty() ? "/" : path);
    return found != tree_->nodes.end() && found->second == nullptr;
  }
  void make_directories_locked(const std::string& path) {
    for (size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1))
      tree_->nodes.emplace(path.substr(0, slash), nullptr);
    tree_->nodes.emplace(path.empty() ? "/" : path, nullptr);
  }
  void erase_all(const std::string& path) {
    std::erase_if(tree_->nodes, [&](const auto& node) {
      return node.first == path || is_below(node.first, path);
    });
  }

  std::shared_ptr<Tree> tree_ = std::make_shared<Tree>();
};
