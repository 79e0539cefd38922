package weir.flink;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forwards the standard error of a chain's process to Flink's log, at each line's own level, and
 * keeps the last lines. Cuts long lines. Reads to the end in any case, because a full pipe would
 * block the chain.
 */
class ChainLog extends Thread {
  private static final Logger LOG = LoggerFactory.getLogger("weir.chain");
  private static final Pattern LINE =
      Pattern.compile("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} (DEBUG|INFO|WARN|ERROR) +(.*)");
  private static final int KEPT = 50;
  static final int LONGEST = 8192; // bytes of a line
  static final String CUT = "… (cut: the line is longer than " + LONGEST + " bytes)";

  private final String title;
  private final InputStream stream;
  private final ArrayDeque<String> last = new ArrayDeque<>(); // guarded by itself
  private final ByteArrayOutputStream line = new ByteArrayOutputStream(); // run() only
  private boolean cut; // run() only: the rest of the line is skipped

  ChainLog(String title, InputStream stream) {
    super("weir log of " + title);
    this.title = title;
    this.stream = stream;
    setDaemon(true);
  }

  @Override
  public void run() {
    byte[] buffer = new byte[LONGEST];
    try (InputStream in = stream) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        take(buffer, count);
      }
    } catch (IOException e) {
      LOG.debug("{}: the end of standard error", title, e);
    }
    if (line.size() > 0) {
      endLine("");
    }
  }

  private void take(byte[] bytes, int count) {
    for (int i = 0; i < count; i++) {
      if (bytes[i] == '\n') {
        if (!cut) {
          endLine("");
        }
        cut = false;
      } else if (!cut) {
        line.write(bytes[i]);
        if (line.size() == LONGEST) {
          endLine(CUT);
          cut = true;
        }
      }
    }
  }

  private void endLine(String note) {
    try {
      String text = line.toString(StandardCharsets.UTF_8);
      text = (text.endsWith("\r") ? text.substring(0, text.length() - 1) : text) + note;
      keep(text);
      log(text);
    } catch (Throwable e) { // an appender's exception, or no memory: only this line is lost
      LOG.debug("{}: a line of standard error is not logged", title, e);
    } finally {
      line.reset();
    }
  }

  /** The last lines. Waits a little for the process to end and all its output to be read. */
  String lastLines() {
    try {
      join(2000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    synchronized (last) {
      return String.join("\n", last);
    }
  }

  private void keep(String line) {
    synchronized (last) {
      if (last.size() == KEPT) {
        last.removeFirst();
      }
      last.addLast(line);
    }
  }

  void log(String line) {
    Matcher matcher = LINE.matcher(line);
    if (!matcher.matches()) {
      LOG.info("{}: {}", title, line);
      return;
    }
    String text = matcher.group(2);
    switch (matcher.group(1)) {
      case "DEBUG":
        LOG.debug("{}: {}", title, text);
        break;
      case "WARN":
        LOG.warn("{}: {}", title, text);
        break;
      case "ERROR":
        LOG.error("{}: {}", title, text);
        break;
      default:
        LOG.info("{}: {}", title, text);
    }
  }
}
