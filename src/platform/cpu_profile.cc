#include "platform/cpu_profile.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/strings.h"
#include "platform/elf_symbols.h"

namespace weir {
namespace {

constexpr int kMaxFrames = 48;
constexpr int kOwnFrames = 2;  ///< the handler, and the kernel's return from it
constexpr int kIntervalUs = 10'000;
constexpr size_t kMaxNameBytes = 160;

struct Sample {
  std::atomic<int> frames{0};  ///< 0: not yet written
  pid_t thread = 0;
  std::array<void*, kMaxFrames> stack;
};

/// The buffer of a recording. Handlers write into it, each into a sample of its own.
struct Recording {
  std::unique_ptr<Sample[]> samples = std::make_unique<Sample[]>(kMaxProfileSamples);
  std::atomic<size_t> taken{0};
};

// A signal handler can reach only these. A recording is never freed: a handler may still write into
// it. It is used again by the next one.
std::atomic<Recording*> g_recording{nullptr};

void set_timer(int interval_us) {
  const itimerval every{{0, interval_us}, {0, interval_us}};
  ::setitimer(ITIMER_PROF, &every, nullptr);
}

/// Async-signal-safe: since glibc 2.35 the unwinder finds tables without a lock, and its library is
/// loaded before the first signal.
void on_signal(int) {
  const int error = errno;
  if (Recording* const recording = g_recording.load(std::memory_order_acquire)) {
    const size_t i = recording->taken.fetch_add(1, std::memory_order_relaxed);
    if (i >= kMaxProfileSamples) {
      set_timer(0);
    } else {
      Sample& sample = recording->samples[i];
      sample.thread = ::gettid();
      sample.frames.store(::backtrace(sample.stack.data(), kMaxFrames), std::memory_order_release);
    }
  }
  errno = error;
}

std::string name_of_thread(pid_t thread) {
  std::string name;
  std::getline(std::ifstream(cat("/proc/self/task/", thread, "/comm")), name);
  return name.empty() ? "ended thread" : name;
}

std::string demangled(const std::string& name) {
  int failure = 0;
  const std::unique_ptr<char, void (*)(void*)> plain(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &failure), &std::free);
  return failure == 0 ? plain.get() : name;
}

/// Finds names, each once.
class Names {
 public:
  const std::string& of(void* address) {
    const auto [at, is_new] = known_.try_emplace(address);
    if (is_new) at->second = find(address);
    return at->second;
  }

 private:
  static std::string find(void* address) {
    Dl_info info{};
    link_map* map = nullptr;
    if (::dladdr1(address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0)
      return "unknown";
    std::string name = info.dli_sname != nullptr ? info.dli_sname : "";
    // A name in the executable that it exports may be that of the function before.
    const bool own = map != nullptr && map->l_prev == nullptr;
    if (own) {
      static const ElfSymbols symbols = ElfSymbols::read("/proc/self/exe");
      const std::string found = symbols.name_at(reinterpret_cast<uint64_t>(address) - map->l_addr);
      if (!found.empty()) name = found;
    }
    if (name.empty()) name = std::filesystem::path(info.dli_fname).filename().string();
    name = demangled(name);
    for (char& c : name) {
      if (c == ';' || c == '\n') c = ':';  // they separate frames and stacks
    }
    return name.size() <= kMaxNameBytes ? name : name.substr(0, kMaxNameBytes) + "…";
  }

  std::unordered_map<void*, std::string> known_;
};

std::string collapsed(const Recording& recording) {
  std::map<std::string, int> stacks;
  std::map<pid_t, std::string> threads;
  Names names;
  const size_t taken = std::min(recording.taken.load(), kMaxProfileSamples);
  for (size_t i = 0; i < taken; ++i) {
    const Sample& sample = recording.samples[i];
    const int frames = sample.frames.load(std::memory_order_acquire);
    if (frames <= kOwnFrames) continue;
    auto [thread, is_new] = threads.try_emplace(sample.thread);
    if (is_new) thread->second = name_of_thread(sample.thread);
    std::string stack = thread->second;
    for (int j = frames - 1; j >= kOwnFrames; --j) {
      // All but the innermost are the addresses behind a call.
      char* address = static_cast<char*>(sample.stack[static_cast<size_t>(j)]);
      stack += cat(";", names.of(j == kOwnFrames ? address : address - 1));
    }
    ++stacks[stack];
  }
  std::string text;
  for (const auto& [stack, count] : stacks) text += cat(stack, " ", count, "\n");
  return text;
}

/// One for the process, as the signal is.
struct Profiler {
  std::mutex mutex;
  Recording* recording = nullptr;  ///< null: none yet
  std::chrono::steady_clock::time_point asked;

  void begin() {
    if (recording == nullptr) {
      std::array<void*, 4> frames;
      ::backtrace(frames.data(), 4);  // loads the unwinder
      recording = new Recording;
      struct sigaction action{};
      action.sa_handler = &on_signal;
      action.sa_flags = SA_RESTART | SA_ONSTACK;
      ::sigfillset(&action.sa_mask);
      ::sigaction(SIGPROF, &action, nullptr);
    }
    for (size_t i = 0; i < kMaxProfileSamples; ++i) recording->samples[i].frames = 0;
    recording->taken = 0;
    g_recording.store(recording, std::memory_order_release);
    set_timer(kIntervalUs);
  }
};

}  // namespace

std::string cpu_profile() {
  static Profiler profiler;
  const auto now = std::chrono::steady_clock::now();
  std::lock_guard lock(profiler.mutex);
  const bool on = g_recording.load() != nullptr;
  const bool forgotten = now - profiler.asked > kMaxProfilePause;
  profiler.asked = now;
  if (!on || forgotten) {
    profiler.begin();
    return "";
  }
  set_timer(0);
  std::string text = collapsed(*profiler.recording);
  g_recording.store(nullptr, std::memory_order_release);
  return text;
}

}  // namespace weir
