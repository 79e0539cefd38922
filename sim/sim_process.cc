#include "sim_process.h"

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir::sim {

SimProcess::SimProcess(SimWorld& world, std::string name, std::string host)
    : world_(world),
      life_(std::make_shared<Life>()),
      clock_(world),
      random_(world.random().next()),
      scheduler_(*this),
      transport_(world, life_),
      files_(*this),
      platform_{clock_, random_, scheduler_, transport_, files_} {
  life_->host = host.empty() ? name : std::move(host);
  life_->name = std::move(name);
  clock_.offset = MonotonicTime(static_cast<int64_t>(world.random().below(1'000'000'000'000)));
  world.note("start", life_->name);
}

SimProcess::~SimProcess() { world_.kill(*life_, "at its end"); }

void SimProcess::pause(MonotonicTime duration) {
  life_->paused_until = world_.now() + duration;
  world_.note("pause", name(), static_cast<uint64_t>(duration.count()));
}

void SimProcess::pause_at_next(Operation operation, MonotonicTime duration) {
  life_->pause_at = operation;
  life_->pause_at_next = duration;
}

std::unique_ptr<ActorHandle> SimProcess::ProcessScheduler::start(std::string name, Actor& actor, ActorOptions) {
  return std::make_unique<SimActor>(process_.world_, process_.life_, std::move(name), actor, process_.clock_.offset);
}

void SimProcess::ProcessScheduler::run_blocking(std::function<void()> work) {
  SimWorld& world = process_.world_;
  if (!process_.alive()) return;
  const WorldFaults& faults = world.faults();
  const MonotonicTime delay = world.random().chance(faults.slow_io) ? world.random().delay(faults.slow_io_max)
                                                                    : world.random().delay(world.options().io_max);
  world.at(world.now() + delay, process_.life_, [&world, life = process_.life_, work = std::move(work)] {
    world.note("blocking work", life->name);
    world.run_blocking(life, work);
  });
}

StatusOr<FileLocation> SimProcess::ProcessFiles::resolve(const std::string& uri) {
  WEIR_ASSIGN_OR_RETURN(FileUri parsed, parse_file_uri(uri));
  const std::string name = cat(parsed.scheme, "://", parsed.authority);
  auto& fs = opened_[name];
  if (fs == nullptr) {
    SimDisk* disk = process_.world_.disk(name);
    if (disk == nullptr) return invalid_argument(cat(uri, ": the simulated world has no disk ", name));
    fs = std::make_shared<SimFileSystem>(process_.world_, *disk, process_.life_);
  }
  return FileLocation{fs, parsed.path, parsed.to_string()};
}

}  // namespace weir::sim
