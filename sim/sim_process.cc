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

SimProcess::~SimProcess() {
  world_.kill(*life_, "at its end");
  scheduler_.drop_waiting();
}

void SimProcess::pause(MonotonicTime duration) {
  life_->paused_until = world_.now() + duration;
  world_.note("pause", name(), static_cast<uint64_t>(duration.count()));
}

void SimProcess::pause_at_next(Operation operation, MonotonicTime duration) {
  life_->pause_at = operation;
  life_->pause_at_next = duration;
}

std::unique_ptr<ActorHandle> SimProcess::ProcessScheduler::start(std::string name, Actor& actor,
                                                                 ActorOptions) {
  return std::make_unique<SimActor>(process_.world_, process_.life_, std::move(name), actor,
                                    process_.clock_.offset);
}

void SimProcess::ProcessScheduler::begin(SimWorld& world, const std::shared_ptr<Life>& life,
                                         size_t threads, const std::shared_ptr<Executor>& executor,
                                         std::function<void()> work) {
  if (executor->under_way == threads) {
    world.note("blocking work waits", life->name);
    executor->queue.push_back(std::move(work));
    return;
  }
  world.note("blocking work", life->name);
  ++executor->under_way;
  world.run_blocking(life, [&world, life, threads, executor, work = std::move(work)] {
    work();
    --executor->under_way;
    if (executor->queue.empty() || !life->alive) return;
    world.at(
        world.now(), life,
        [&world, life, threads, executor, next = std::move(executor->queue.front())]() mutable {
          begin(world, life, threads, executor, std::move(next));
        });
    executor->queue.pop_front();
  });
}

void SimProcess::ProcessScheduler::run_blocking(std::string_view executor,
                                                std::function<void()> work) {
  SimWorld& world = process_.world_;
  if (!process_.alive()) return;
  const WorldFaults& faults = world.faults();
  const MonotonicTime delay = world.random().chance(faults.slow_io)
                                  ? world.random().delay(faults.slow_io_max)
                                  : world.random().delay(world.options().io_max);
  std::shared_ptr<Executor>& threads = executors_[std::string(executor)];
  if (threads == nullptr) threads = std::make_shared<Executor>();
  world.at(world.now() + delay, process_.life_,
           [&world, life = process_.life_, count = process_.io_threads(), threads,
            work = std::move(work)] { begin(world, life, count, threads, work); });
}

StatusOr<FileLocation> SimProcess::ProcessFiles::resolve(const std::string& uri) {
  WEIR_ASSIGN_OR_RETURN(FileUri parsed, parse_file_uri(uri));
  const std::string name = cat(parsed.scheme, "://", parsed.authority);
  auto& fs = opened_[name];
  if (fs == nullptr) {
    SimDisk* disk = process_.world_.disk(name);
    if (disk == nullptr)
      return invalid_argument(cat(uri, ": the simulated world has no disk ", name));
    fs = std::make_shared<SimFileSystem>(process_.world_, *disk, process_.life_);
  }
  return FileLocation{fs, parsed.path, parsed.to_string()};
}

}  // namespace weir::sim
