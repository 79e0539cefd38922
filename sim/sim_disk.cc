#include "sim_disk.h"

#include "base/strings.h"
#include "weir/detail/base/check.h"

namespace weir::sim {

SimDisk::SimDisk(SimWorld& world, std::string name, DiskKind kind)
    : world_(world),
      name_(std::move(name)),
      kind_(kind),
      random_(world.random().split()),
      raw_(std::make_shared<MemoryFileSystem>([&world] { return world.wall_ms(); })) {}

void SimDisk::stop_faults() {
  faults_ = FileFaults{};
  full_ = false;
  window_ = Trouble::kNone;
  window_end_ = MonotonicTime{0};
}

SimDisk::Trouble SimDisk::trouble_now() {
  if (full_) return Trouble::kFull;
  if (faults_.outage_gap.count() == 0) return Trouble::kNone;
  const MonotonicTime now = world_.now();
  if (now >= window_end_) {
    window_begin_ = now + random_.delay(2 * faults_.outage_gap);
    window_end_ = window_begin_ + random_.delay(faults_.outage_max);
    static constexpr Trouble kRemote[] = {Trouble::kReadOnly, Trouble::kDown, Trouble::kFull};
    window_ = kind_ == DiskKind::kLocal ? Trouble::kFull : kRemote[random_.below(3)];
    world_.note("outage planned", name_, static_cast<uint64_t>(window_begin_.count()));
  }
  return now >= window_begin_ ? window_ : Trouble::kNone;
}

bool SimDisk::flip_bit(const std::string& path) {
  auto bytes = read_file(*raw_, path);
  if (!bytes.ok() || bytes->empty()) return false;
  const uint64_t bit = random_.below(bytes->size() * 8);
  world_.note("flip bit", path, bit);
  (*bytes)[bit / 8] = static_cast<char>((*bytes)[bit / 8] ^ (1 << (bit % 8)));
  auto file = raw_->create(path, CreateMode::kReplace);
  return file.ok() && (*file)->append(*bytes).ok() && (*file)->close().ok();
}

SimDisk::Image SimDisk::image(const std::string& directory) const {
  Image image;
  const auto entries = raw_->list(directory);
  if (!entries.ok()) return image;
  for (const FileInfo& entry : *entries) {
    if (entry.is_directory) {
      image[entry.path + "/"];
      image.merge(this->image(entry.path));
    } else {
      image[entry.path] = read_file(*raw_, entry.path).value();
    }
  }
  return image;
}

void SimDisk::restore(const std::string& directory, const Image& image) {
  WEIR_CHECK(raw_->remove_all(directory).ok() && raw_->make_directories(directory).ok());
  for (const auto& [path, bytes] : image) {
    const bool is_directory = path.ends_with('/');
    WEIR_CHECK((is_directory ? raw_->make_directories(path.substr(0, path.size() - 1))
                             : write_file(*raw_, path, bytes))
                   .ok());
  }
}

void SimDisk::lose_power() {
  WEIR_CHECK(kind_ == DiskKind::kLocal);
  world_.note("power loss", name_, unclosed_.size());
  for (const std::string& path : unclosed_) {
    auto bytes = read_file(*raw_, path);
    if (!bytes.ok()) continue;
    const uint64_t fate = random_.below(4);
    if (fate == 0) {
      WEIR_CHECK(raw_->remove(path).ok());
      continue;
    }
    if (fate == 1) bytes->resize(random_.below(bytes->size() + 1));
    if (fate == 2) {  // the length reached the disk, but some blocks did not
      for (size_t i = random_.below(bytes->size() + 1); i < bytes->size(); ++i) (*bytes)[i] = '\0';
    }
    auto file = raw_->create(path, CreateMode::kReplace);
    WEIR_CHECK(file.ok() && (*file)->append(*bytes).ok() && (*file)->close().ok());
  }
  unclosed_.clear();
}

}  // namespace weir::sim
