package weir.flink;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The child process that runs one chain, and the pipe to it: a request, a reply, the next request.
 *
 * <p>Thread: any; calls take turns. Interrupting a thread that waits for a reply kills the child,
 * so that a hanging chain can be canceled. Every failure is a {@link ChainFailure}, after which
 * only {@link #close} may be called.
 */
final class ChainProcess implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChainProcess.class);
  private static final long CLOSE_MS = 10_000;
  private static final Map<Integer, String> SIGNALS =
      Map.of(
          4, "SIGILL", 6, "SIGABRT", 7, "SIGBUS", 8, "SIGFPE", 9, "SIGKILL", 11, "SIGSEGV", 15,
          "SIGTERM");

  private final String title;
  private final ChainHome home;
  private final Process process;
  private final OutputStream in;
  private final InputStream out;
  private final ChainLog log;

  private final ReentrantLock turn = new ReentrantLock(true);
  private ChainFailure failure; // guarded by turn
  private volatile Thread caller; // waits for a reply
  private volatile boolean killed;
  private volatile boolean closing;

  /** Calls `onDeath` on some thread if the child ends before {@link #close}. */
  static ChainProcess start(
      VertexSpec spec, String title, String temporaryDirectories, Runnable onDeath) {
    ChainHome home = ChainHome.enter(spec, temporaryDirectories);
    try {
      return new ChainProcess(spec, title, home, onDeath);
    } catch (IOException e) {
      ChainHome.leave();
      throw new ChainFailure(
          title + ": the chain's process cannot be started: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      ChainHome.leave();
      throw e;
    }
  }

  private ChainProcess(VertexSpec spec, String title, ChainHome home, Runnable onDeath)
      throws IOException {
    this.title = title;
    this.home = home;
    List<String> command = new ArrayList<>();
    if (spec.loader != null) {
      command.addAll(
          List.of(
              home.file(spec.loader).toString(), "--library-path", home.directory().toString()));
    }
    command.add(home.file(spec.executable).toString());
    command.addAll(spec.arguments);
    command.addAll(List.of("-D", "weir.role=chain"));
    ProcessBuilder builder = new ProcessBuilder(command).directory(home.directory().toFile());
    builder.environment().remove("LD_PRELOAD"); // Flink's images preload an allocator into the JVM
    if (spec.loader == null && !spec.libraries.isEmpty()) {
      builder
          .environment()
          .merge("LD_LIBRARY_PATH", home.directory().toString(), (old, ours) -> ours + ":" + old);
    }
    process = ChainHome.start(builder);
    in = process.getOutputStream();
    out = process.getInputStream();
    log = new ChainLog(title, process.getErrorStream());
    log.start();
    home.watch(this);
    process
        .onExit()
        .thenRun(
            () -> {
              if (!closing) {
                onDeath.run();
              }
            });
    LOG.info("{}: process {} runs the chain", title, process.pid());
  }

  /** Sends one request and receives its reply, positioned after its first byte. */
  void call(Request request, Reply reply) {
    try {
      turn.lockInterruptibly();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ChainFailure(title + ": interrupted before " + request.call(), e);
    }
    try {
      if (failure != null) {
        throw new ChainFailure(failure.getMessage(), failure);
      }
      caller = Thread.currentThread();
      try {
        request.writeTo(in);
        reply.readFrom(out);
      } catch (IOException e) {
        failure = died(request.call(), e);
        throw failure;
      } finally {
        caller = null;
      }
      if (reply.u8() != 0) {
        String code = reply.utf();
        failure =
            new ChainFailure(
                title
                    + ": "
                    + new String(reply.bytes(), StandardCharsets.UTF_8)
                    + " ("
                    + code
                    + ")");
        throw failure;
      }
    } finally {
      turn.unlock();
    }
  }

  ChainHome home() {
    return home;
  }

  boolean isDead() {
    return !process.isAlive();
  }

  /** Throws the reason if the child has ended. */
  void checkAlive() {
    if (!process.isAlive()) {
      turn.lock();
      try {
        if (failure == null) {
          failure = died(null, null);
        }
        throw new ChainFailure(failure.getMessage(), failure);
      } finally {
        turn.unlock();
      }
    }
  }

  void killIfInterrupted() {
    Thread thread = caller;
    if (thread != null && thread.isInterrupted()) {
      kill();
    }
  }

  /** Ends the child: regularly if it answers, and in any case within some seconds. */
  @Override
  public void close() {
    closing = true;
    ScheduledFuture<?> patience =
        home.timers().schedule(this::kill, CLOSE_MS, TimeUnit.MILLISECONDS);
    try {
      if (process.isAlive() && !killed) {
        call(new Request().begin(Call.CLOSE), new Reply());
      }
    } catch (ChainFailure e) {
      LOG.debug("{}: the chain did not close", title, e);
    }
    try {
      in.close();
    } catch (IOException e) {
      LOG.debug("{}: a pipe did not close", title, e);
    }
    try {
      process.waitFor(CLOSE_MS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    kill();
    patience.cancel(false);
    home.unwatch(this);
    ChainHome.leave();
  }

  private void kill() {
    if (process.isAlive()) {
      killed = true;
      process.destroyForcibly();
    }
  }

  private ChainFailure died(Call during, IOException cause) {
    String when = during == null ? "" : " during " + during;
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        kill();
        return new ChainFailure(
            title + ": process " + process.pid() + " does not speak as a chain does" + when, cause);
      }
    } catch (InterruptedException e) {
      kill();
      Thread.currentThread().interrupt();
    }
    if (killed) {
      return new ChainFailure(
          title
              + ": the chain's process was ended"
              + when
              + ": its task is being canceled, or it did not close in time",
          cause);
    }
    int status = process.isAlive() ? -1 : process.exitValue();
    String how =
        status > 128 && status < 128 + 65
            ? "was ended by signal "
                + (status - 128)
                + SIGNALS.entrySet().stream()
                    .filter(s -> s.getKey() == status - 128)
                    .map(s -> " (" + s.getValue() + ")")
                    .findAny()
                    .orElse("")
            : "ended with exit code " + status;
    String lines = log.lastLines();
    return new ChainFailure(
        title
            + ": the chain's process "
            + process.pid()
            + " "
            + how
            + when
            + (lines.isEmpty()
                ? "; it wrote nothing to standard error"
                : "; the last lines it wrote:\n" + lines),
        cause);
  }
}
