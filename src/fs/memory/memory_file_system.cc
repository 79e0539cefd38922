#include "fs/memory/memory_file_system.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/file_path.h"

namespace weir {
namespace {

using Node = MemoryFileSystem::Node;
using Tree = MemoryFileSystem::Tree;

class MemoryWritableFile final : public WritableFile {
 public:
  MemoryWritableFile(std::shared_ptr<Tree> tree, std::shared_ptr<Node> node)
      : tree_(std::move(tree)), node_(std::move(node)) {}

  Status append(std::string_view bytes) override {
    if (closed_)
      return failed_precondition("append to a file of the memory file system that is closed");
    std::lock_guard lock(tree_->mutex);
    node_->bytes.append(bytes);
    node_->modified_ms = tree_->now_ms();
    return {};
  }
  Status close() override {
    if (closed_) return failed_precondition("a file of the memory file system is closed twice");
    closed_ = true;
    return {};
  }

 private:
  const std::shared_ptr<Tree> tree_;
  const std::shared_ptr<Node> node_;
  bool closed_ = false;
};

class MemoryReadableFile final : public ReadableFile {
 public:
  MemoryReadableFile(std::shared_ptr<Tree> tree, std::shared_ptr<Node> node, std::string path)
      : tree_(std::move(tree)),
        node_(std::move(node)),
        path_(std::move(path)),
        size_(static_cast<int64_t>(node_->bytes.size())) {}

  Status read_at(int64_t offset, int64_t length, std::string* out) override {
    out->clear();
    if (offset < 0 || length < 0)
      return invalid_argument(cat("read of ", length, " bytes at ", offset, " of ", path_));
    if (offset >= size_) return {};
    std::lock_guard lock(tree_->mutex);
    out->assign(node_->bytes, static_cast<size_t>(offset),
                static_cast<size_t>(std::min(length, size_ - offset)));
    return {};
  }
  int64_t size() const override { return size_; }

 private:
  const std::shared_ptr<Tree> tree_;
  const std::shared_ptr<Node> node_;
  const std::string path_;
  const int64_t size_;
};

FileInfo info_of(const std::string& path, const Node& node) {
  return {path, node.is_directory, static_cast<int64_t>(node.bytes.size()), node.modified_ms};
}

std::string below(const std::string& path) { return path == "/" ? path : path + '/'; }

}  // namespace

MemoryFileSystem::MemoryFileSystem(std::function<int64_t()> wall_ms)
    : tree_(std::make_shared<Tree>()) {
  tree_->wall_ms = std::move(wall_ms);
  auto root = std::make_shared<Node>();
  root->is_directory = true;
  root->modified_ms = tree_->now_ms();
  tree_->nodes.emplace("/", std::move(root));
}

MemoryFileSystem::Node* MemoryFileSystem::find(const std::string& path) const {
  const auto found = tree_->nodes.find(path);
  return found == tree_->nodes.end() ? nullptr : found->second.get();
}

bool MemoryFileSystem::has_children(const std::string& path) const {
  const auto next = tree_->nodes.upper_bound(below(path));
  return next != tree_->nodes.end() && next->first.starts_with(below(path));
}

Status MemoryFileSystem::make_directories_locked(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    auto& node = tree_->nodes[part];
    if (node == nullptr) {
      node = std::make_shared<Node>();
      node->is_directory = true;
      node->modified_ms = tree_->now_ms();
    } else if (!node->is_directory) {
      return failed_precondition(cat("cannot make the directory ", path, ": ", part, " is a file"));
    }
    if (slash == std::string::npos) return {};
  }
}

StatusOr<std::unique_ptr<WritableFile>> MemoryFileSystem::create(const std::string& path,
                                                                 CreateMode mode) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  std::lock_guard lock(tree_->mutex);
  if (const Node* existing = find(path); existing != nullptr) {
    if (mode == CreateMode::kExclusive)
      return already_exists(cat("cannot create ", path, ": it exists"));
    if (existing->is_directory)
      return failed_precondition(cat("cannot write the file ", path, ": it is a directory"));
  }
  WEIR_RETURN_IF_ERROR(make_directories_locked(parent_path(path)));
  auto node = std::make_shared<Node>();
  node->modified_ms = tree_->now_ms();
  tree_->nodes[path] = node;
  return std::unique_ptr<WritableFile>(
      std::make_unique<MemoryWritableFile>(tree_, std::move(node)));
}

StatusOr<std::unique_ptr<ReadableFile>> MemoryFileSystem::open(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  std::lock_guard lock(tree_->mutex);
  const auto found = tree_->nodes.find(path);
  if (found == tree_->nodes.end())
    return not_found(cat("cannot open ", path, ": there is no such file"));
  if (found->second->is_directory)
    return failed_precondition(cat("cannot open ", path, " as a file: it is a directory"));
  return std::unique_ptr<ReadableFile>(
      std::make_unique<MemoryReadableFile>(tree_, found->second, path));
}

StatusOr<FileInfo> MemoryFileSystem::stat(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  std::lock_guard lock(tree_->mutex);
  const Node* node = find(path);
  if (node == nullptr) return not_found(cat("there is no ", path));
  return info_of(path, *node);
}

StatusOr<std::vector<FileInfo>> MemoryFileSystem::list(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  std::lock_guard lock(tree_->mutex);
  const Node* node = find(path);
  if (node == nullptr) return not_found(cat("cannot list ", path, ": there is no such directory"));
  if (!node->is_directory) return failed_precondition(cat("cannot list ", path, ": it is a file"));
  std::vector<FileInfo> entries;
  const std::string prefix = below(path);
  for (auto it = tree_->nodes.upper_bound(prefix);
       it != tree_->nodes.end() && it->first.starts_with(prefix); ++it) {
    if (it->first.find('/', prefix.size()) == std::string::npos)
      entries.push_back(info_of(it->first, *it->second));
  }
  return entries;
}

Status MemoryFileSystem::make_directories(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  std::lock_guard lock(tree_->mutex);
  return make_directories_locked(path);
}

Status MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  WEIR_RETURN_IF_ERROR(check_rename_paths(from, to));
  std::lock_guard lock(tree_->mutex);
  const Node* source = find(from);
  if (source == nullptr)
    return not_found(cat("cannot rename ", from, " to ", to, ": there is no ", from));
  if (find(to) != nullptr)
    return already_exists(cat("cannot rename ", from, " to ", to, ": the target exists"));
  const Node* parent = find(parent_path(to));
  if (parent == nullptr)
    return not_found(cat("cannot rename ", from, " to ", to, ": the directory ", parent_path(to),
                         " does not exist"));
  if (!parent->is_directory)
    return failed_precondition(
        cat("cannot rename ", from, " to ", to, ": ", parent_path(to), " is a file"));
  std::map<std::string, std::shared_ptr<Node>> moved;
  const auto move_node = [&](std::map<std::string, std::shared_ptr<Node>>::iterator it) {
    moved.emplace(to + it->first.substr(from.size()), it->second);
    return tree_->nodes.erase(it);
  };
  move_node(tree_->nodes.find(from));
  const std::string prefix = below(from);
  for (auto it = tree_->nodes.lower_bound(prefix);
       it != tree_->nodes.end() && it->first.starts_with(prefix);)
    it = move_node(it);
  tree_->nodes.merge(moved);
  return {};
}

Status MemoryFileSystem::remove(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  std::lock_guard lock(tree_->mutex);
  if (find(path) == nullptr) return not_found(cat("cannot remove ", path, ": there is nothing"));
  if (has_children(path))
    return failed_precondition(cat("cannot remove the directory ", path, ": it is not empty"));
  if (path == "/") return invalid_argument("the root of a file system cannot be removed");
  tree_->nodes.erase(path);
  return {};
}

Status MemoryFileSystem::remove_all(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  if (path == "/") return invalid_argument("the root of a file system cannot be removed");
  std::lock_guard lock(tree_->mutex);
  tree_->nodes.erase(path);
  const std::string prefix = below(path);
  auto end = tree_->nodes.lower_bound(prefix);
  const auto begin = end;
  while (end != tree_->nodes.end() && end->first.starts_with(prefix)) ++end;
  tree_->nodes.erase(begin, end);
  return {};
}

}  // namespace weir
