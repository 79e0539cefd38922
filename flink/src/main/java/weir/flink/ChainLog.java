package weir.flink;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes what a chain's process writes to standard error on to Flink's log, at the level each line carries, and keeps the last lines. */
final class ChainLog extends Thread {
    private static final Logger LOG = LoggerFactory.getLogger("weir.chain");
    private static final Pattern LINE = Pattern.compile("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} (DEBUG|INFO|WARN|ERROR) +(.*)");
    private static final int KEPT = 50;

    private final String title;
    private final InputStream stream;
    private final ArrayDeque<String> last = new ArrayDeque<>(); // guarded by itself

    ChainLog(String title, InputStream stream) {
        super("weir log of " + title);
        this.title = title;
        this.stream = stream;
        setDaemon(true);
    }

    @Override
    public void run() {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                keep(line);
                log(line);
            }
        } catch (IOException e) {
            LOG.debug("{}: the end of standard error", title, e);
        }
    }

    /** The last lines, once the process has ended and all has been read; waits for that a little. */
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

    private void log(String line) {
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
