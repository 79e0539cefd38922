package weir.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import org.apache.flink.api.connector.source.ReaderInfo;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.SplitsAssignment;
import org.apache.flink.metrics.groups.SplitEnumeratorMetricGroup;
import org.junit.jupiter.api.Test;

class ChainEnumeratorTest {
    /** Two readers. What is done with them is written down. */
    private static final class Context implements SplitEnumeratorContext<ChainSplit> {
        final List<String> done = new ArrayList<>();
        final Map<Integer, ReaderInfo> registered = new HashMap<>();

        @Override
        public SplitEnumeratorMetricGroup metricGroup() {
            return null;
        }

        @Override
        public void sendEventToSourceReader(int reader, SourceEvent event) {}

        @Override
        public int currentParallelism() {
            return 2;
        }

        @Override
        public Map<Integer, ReaderInfo> registeredReaders() {
            return registered;
        }

        @Override
        public void assignSplits(SplitsAssignment<ChainSplit> assignment) {
            assignment.assignment().forEach((reader, splits) -> splits.forEach(split -> done.add(reader + " gets " + split.element[0])));
        }

        @Override
        public void signalNoMoreSplits(int reader) {
            done.add(reader + " has all");
        }

        @Override
        public <T> void callAsync(Callable<T> call, BiConsumer<T, Throwable> then) {}

        @Override
        public <T> void callAsync(Callable<T> call, BiConsumer<T, Throwable> then, long delay, long period) {}

        @Override
        public void runInCoordinatorThread(Runnable work) {}
    }

    private final Context context = new Context();

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
        assertEquals(List.of("1 gets 11", "1 has all"), context.done);
        assertEquals(List.of(10, 12), numbers(enumerator.snapshotState(1)));
        enumerator.addReader(0);
        assertEquals(List.of("1 gets 11", "1 has all", "0 gets 10", "0 gets 12", "0 has all"), context.done);
        assertEquals(List.of(), numbers(enumerator.snapshotState(2)));
    }

    @Test
    void aReaderWithoutSplitsIsToldThatThereAreNone() {
        new ChainEnumerator(context, splits()).addReader(1);
        assertEquals(List.of("1 has all"), context.done);
    }

    @Test
    void whatAFailedReaderHadIsDealtToItAgain() {
        ChainEnumerator enumerator = new ChainEnumerator(context, splits(10, 11));
        enumerator.addReader(0);
        enumerator.addSplitsBack(splits(10), 0);
        assertEquals(List.of(10, 11), numbers(enumerator.snapshotState(1)));
        enumerator.addReader(0);
        assertEquals(List.of("0 gets 10", "0 has all", "0 gets 10", "0 has all"), context.done);
        context.registered.put(0, new ReaderInfo(0, "here"));
        enumerator.addSplitsBack(splits(10), 0);
        assertEquals("0 gets 10", context.done.get(4));
    }

    @Test
    void itsStateIsReadAsItWasWritten() throws Exception {
        ChainSplit.ListSerializer serializer = new ChainSplit.ListSerializer();
        assertEquals(List.of(7, 8), numbers(serializer.deserialize(1, serializer.serialize(splits(7, 8)))));
    }
}
