package weir.flink;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shared by the chains of one job in one TaskManager: the executable and its libraries, extracted
 * from the jar into a fresh directory, and one daemon thread for timers. There is one per class
 * loader, which Flink makes for each job. It lives as long as any chain, so nothing keeps the class
 * loader alive after the last one.
 *
 * <p>Thread: any. The directory's file "lock" stays locked while its JVM lives. A directory whose
 * lock is free was left by a killed JVM, and is removed.
 */
final class ChainHome {
  private static final Logger LOG = LoggerFactory.getLogger(ChainHome.class);
  private static final String PREFIX = "weir-chains-";
  private static final long WATCH_MS = 200;

  private static ChainHome home; // guarded by the class
  private static int users; // guarded by the class

  private final Path directory;
  private final FileChannel lockFile;
  private final Thread atExit;
  private final ScheduledThreadPoolExecutor timers;
  private final Set<ChainProcess> processes = ConcurrentHashMap.newKeySet();

  /** The home of this class loader's chains. Each caller must leave it once. */
  static synchronized ChainHome enter(VertexSpec spec, String temporaryDirectories) {
    if (home == null) {
      checkCpu(spec.arch, System.getProperty("os.arch"));
      home = new ChainHome(spec, temporaryDirectories);
    }
    users++;
    return home;
  }

  static synchronized void leave() {
    if (--users == 0) {
      home.close();
      home = null;
    }
  }

  Path file(String resource) {
    return directory.resolve(resource.substring(resource.lastIndexOf('/') + 1));
  }

  Path directory() {
    return directory;
  }

  /** For short work only. */
  ScheduledThreadPoolExecutor timers() {
    return timers;
  }

  /**
   * While a process is watched, it is killed when its caller is interrupted, because an interrupt
   * does not end a read from a pipe.
   */
  void watch(ChainProcess process) {
    processes.add(process);
  }

  void unwatch(ChainProcess process) {
    processes.remove(process);
  }

  static void checkCpu(String arch, String here) {
    if (!arch.isEmpty() && !arch.equals(here)) {
      throw new ChainFailure(
          "the job's executable is for "
              + arch
              + " and this TaskManager runs on "
              + here
              + ": build the job for "
              + here
              + ", or run it on a cluster of "
              + arch);
    }
  }

  private ChainHome(VertexSpec spec, String temporaryDirectories) {
    List<String> problems = new ArrayList<>();
    Path made = null;
    FileChannel locked = null;
    for (String parent : temporaryDirectories.split("[,:]")) {
      try {
        removeLeftOvers(Path.of(parent.trim()));
        made = Files.createTempDirectory(Path.of(parent.trim()), PREFIX);
        locked =
            FileChannel.open(
                made.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        locked.tryLock();
        checkExecutable(made);
        extract(spec, made);
        break;
      } catch (IOException e) {
        problems.add(
            (e.getMessage() + "").contains("error=13")
                ? "cannot execute in " + parent + ": set io.tmp.dirs to a place that allows it"
                : "cannot put the job's executable into " + parent + ": " + e);
        removeAll(made, locked);
        made = null;
      }
    }
    if (made == null) {
      throw new ChainFailure(String.join("; ", problems));
    }
    directory = made;
    lockFile = locked;
    atExit = new Thread(() -> removeAll(directory, lockFile), "weir chains' end");
    try {
      Runtime.getRuntime().addShutdownHook(atExit);
    } catch (IllegalStateException e) {
      removeAll(directory, lockFile);
      throw new ChainFailure("the TaskManager is shutting down", e);
    }
    timers =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread thread = new Thread(work, "weir chains' timers");
              thread.setDaemon(true);
              return thread;
            });
    timers.setRemoveOnCancelPolicy(true);
    timers.scheduleWithFixedDelay(
        () -> processes.forEach(ChainProcess::killIfInterrupted),
        WATCH_MS,
        WATCH_MS,
        TimeUnit.MILLISECONDS);
  }

  private void close() {
    timers.shutdownNow();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      return; // the JVM is shutting down and runs atExit
    }
    removeAll(directory, lockFile);
  }

  private static void extract(VertexSpec spec, Path directory) throws IOException {
    List<String> resources = new ArrayList<>(spec.libraries);
    resources.add(spec.executable);
    if (spec.loader != null) {
      resources.add(spec.loader);
    }
    for (String resource : resources) {
      Path file = directory.resolve(resource.substring(resource.lastIndexOf('/') + 1));
      try (InputStream stream = ChainHome.class.getClassLoader().getResourceAsStream(resource)) {
        if (stream == null) {
          throw new ChainFailure("the plan names " + resource + ", which is not in the jar");
        }
        if (!Files.exists(file)) {
          Files.copy(stream, file);
        }
      }
      if (!file.toFile().setExecutable(true, true)) {
        throw new IOException("cannot make " + file + " executable");
      }
    }
  }

  private static void checkExecutable(Path directory) throws IOException {
    Path probe = directory.resolve("probe");
    Files.write(probe, "#!/bin/sh\nexit 0\n".getBytes());
    probe.toFile().setExecutable(true, true);
    start(new ProcessBuilder(probe.toString())).destroyForcibly();
    Files.delete(probe);
  }

  /**
   * Starts a process. The executable was just written, and a process that another thread is
   * starting may still have it open for writing; it is then "busy" for a moment.
   */
  static Process start(ProcessBuilder builder) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        return builder.start();
      } catch (IOException e) {
        if (attempt == 20 || !(e.getMessage() + "").contains("error=26")) {
          throw e;
        }
        try {
          Thread.sleep(50);
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          throw e;
        }
      }
    }
  }

  private static void removeLeftOvers(Path parent) throws IOException {
    try (DirectoryStream<Path> others = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path other : others) {
        try (FileChannel channel =
                FileChannel.open(other.resolve("lock"), StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock()) {
          if (lock != null) {
            removeAll(other, null);
          }
        } catch (IOException | OverlappingFileLockException e) {
          LOG.debug("{} is left alone", other, e);
        }
      }
    }
  }

  private static void removeAll(Path directory, FileChannel lockFile) {
    if (directory == null) {
      return;
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.delete(file);
      }
      Files.delete(directory);
      if (lockFile != null) {
        lockFile.close();
      }
    } catch (IOException e) {
      LOG.debug("{} is left behind", directory, e);
    }
  }
}
