package weir.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ChainLogTest {
  private static InputStream text(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  /** A stream of `count` x, more than fit in the JVM's memory. */
  private static InputStream endless(long count) {
    return new InputStream() {
      private long left = count;

      @Override
      public int read() {
        return left-- > 0 ? 'x' : -1;
      }

      @Override
      public int read(byte[] bytes, int offset, int length) {
        if (left <= 0) {
          return -1;
        }
        int some = (int) Math.min(left, length);
        java.util.Arrays.fill(bytes, offset, offset + some, (byte) 'x');
        left -= some;
        return some;
      }
    };
  }

  private static String lastLines(ChainLog log) throws InterruptedException {
    log.start();
    log.join();
    return log.lastLines();
  }

  @Test
  void linesComeAsTheyWereWritten() throws Exception {
    assertEquals(
        "one\n\nthree: ä\nno end", lastLines(new ChainLog("t", text("one\n\r\nthree: ä\nno end"))));
  }

  @Test
  void anEndlessLineIsCutAndTheNextOneRead() throws Exception {
    InputStream stream =
        new SequenceInputStream(
            Collections.enumeration(
                List.of(text("before\n"), endless(6L << 30), text("\nafter\n"))));
    assertEquals(
        "before\n" + "x".repeat(ChainLog.LONGEST) + ChainLog.CUT + "\nafter",
        lastLines(new ChainLog("t", stream)));
  }

  @Test
  void aLineThatJustFitsIsCutOnceAndNoLineFollowsItsRest() throws Exception {
    String most = "x".repeat(ChainLog.LONGEST - 1);
    assertEquals(most + "\nnext", lastLines(new ChainLog("t", text(most + "\nnext\n"))));
    assertEquals(
        most + "x" + ChainLog.CUT + "\nnext",
        lastLines(new ChainLog("t", text(most + "xyz\nnext\n"))));
  }

  @Test
  void onlyTheLastLinesAreKept() throws Exception {
    String lines = lastLines(new ChainLog("t", text("line\n".repeat(1000) + "last\n")));
    assertEquals(50, lines.split("\n").length);
    assertTrue(lines.endsWith("line\nlast"), lines);
  }

  @Test
  void itReadsOnWhenTheLogFails() throws Exception {
    List<String> tried = new ArrayList<>();
    ChainLog log =
        new ChainLog("t", text("one\ntwo\nthree\n")) {
          @Override
          void log(String line) {
            tried.add(line);
            throw new OutOfMemoryError("of an appender");
          }
        };
    assertEquals("one\ntwo\nthree", lastLines(log));
    assertEquals(List.of("one", "two", "three"), tried);
  }
}
