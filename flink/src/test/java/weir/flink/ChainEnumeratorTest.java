package weir.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.connector.source.ReaderInfo;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.junit.jupiter.api.Test;

class ChainEnumeratorTest {
  private final List<String> done = new ArrayList<>();
  private final Map<Integer, ReaderInfo> registered = new HashMap<>();
  private final SplitEnumeratorContext<ChainSplit> context = context();

  /** A context with two readers that records all calls. */
  @SuppressWarnings("unchecked")
  private SplitEnumeratorContext<ChainSplit> context() {
    return (SplitEnumeratorContext<ChainSplit>)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {SplitEnumeratorContext.class},
            (proxy, method, arguments) -> {
              switch (method.getName()) {
                case "currentParallelism":
                  return 2;
                case "registeredReaders":
                  return registered;
                case "assignSplit":
                  done.add(arguments[1] + " gets " + ((ChainSplit) arguments[0]).element[0]);
                  return null;
                case "signalNoMoreSplits":
                  done.add(arguments[0] + " has all");
                  return null;
                default:
                  throw new AssertionError(method.getName());
              }
            });
  }

  private static List<ChainSplit> splits(int... elements) {
    List<ChainSplit> splits = new ArrayList<>();
    for (int element : elements) {
      splits.add(new ChainSplit(new byte[] {(byte) element}));
    }
    return splits;
  }

  private static List<Integer> numbers(List<ChainSplit> splits) {
    List<Integer> numbers = new ArrayList<>();
    splits.forEach(split -> numbers.add((int) split.element[0]));
    return numbers;
  }

  @Test
  void dealsInTurnWhenReadersRegister() {
    ChainEnumerator enumerator = new ChainEnumerator(context, splits(10, 11, 12));
    enumerator.addReader(1);
    assertEquals(List.of("1 gets 11", "1 has all"), done);
    assertEquals(List.of(10, 12), numbers(enumerator.snapshotState(1)));
    enumerator.addReader(0);
    assertEquals(List.of("1 gets 11", "1 has all", "0 gets 10", "0 gets 12", "0 has all"), done);
    assertEquals(List.of(), numbers(enumerator.snapshotState(2)));
  }

  @Test
  void aReaderWithoutSplitsIsToldThatThereAreNone() {
    new ChainEnumerator(context, splits()).addReader(1);
    assertEquals(List.of("1 has all"), done);
  }

  @Test
  void whatAFailedReaderHadIsDealtToItAgain() {
    ChainEnumerator enumerator = new ChainEnumerator(context, splits(10, 11));
    enumerator.addReader(0);
    enumerator.addSplitsBack(splits(10), 0);
    assertEquals(List.of(10, 11), numbers(enumerator.snapshotState(1)));
    enumerator.addReader(0);
    assertEquals(List.of("0 gets 10", "0 has all", "0 gets 10", "0 has all"), done);
    registered.put(0, new ReaderInfo(0, "here"));
    enumerator.addSplitsBack(splits(10), 0);
    assertEquals("0 gets 10", done.get(4));
  }

  @Test
  void itsStateIsReadAsItWasWritten() throws Exception {
    ChainSplit.ListSerializer serializer = new ChainSplit.ListSerializer();
    assertEquals(
        List.of(7, 8), numbers(serializer.deserialize(1, serializer.serialize(splits(7, 8)))));
  }
}
